/**
 * The rule for blocks of square convolution, bias, ReLU and 2 × 2 max pooling. In the forward pass, bias, ReLU and
 * pooling become one kernel, which for single-channel images includes the convolution. In the backward pass, the users
 * of the sparse gradient before the pooling become kernels that never store it (see `sparse_gradient.ts`).
 */
import type { Tensor } from "../../../graph.ts";
import {
  addOp,
  broadcastOp,
  conv2dOp,
  conv2dWeightGradientOp,
  flipKernelsOp,
  maxPool2dGradientOp,
  maxPool2dOp,
  type Padding,
  reluGrad,
  reluGradOp,
  reluOp,
  sum,
  sumOp,
} from "../../../ops/mod.ts";
import type { Rule } from "../rewrite.ts";
import { pooledInputGradient } from "./pooled_input_gradient.ts";
import { type Pooled, reluPool } from "./relu_pool.ts";
import { singleChannelConvPool } from "./single_channel.ts";
import { type SquareConv, squareConv } from "./square_conv.ts";
import { winogradConv } from "./winograd_conv.ts";

/**
 * The gradient with respect to a convolution's kernels, from its images `x` and the gradient with respect to the pooled
 * values.
 */
type WeightGradient = (x: Tensor, gradient: Tensor, pooled: Pooled) => Tensor;

/** The rule. Without `weightGradient`, gradients with respect to kernels are left to the general op. */
export function pooledConvolutions({ weightGradient }: { weightGradient?: WeightGradient } = {}): Rule {
  /** The blocks, by the ReLU of the original program, with the results of the forward kernels. */
  const blocks = new Map<Tensor, Block & { pooled: Pooled }>();

  return (node, now) => {
    if (node.op === maxPool2dOp) {
      const block = blockOf(node.inputs[0]);
      if (block === undefined) return undefined;
      const { convolved, convolution } = block, [x, w] = convolved.inputs.map(now), bias = now(block.bias);
      const pooled = convolution.channels === 1
        ? singleChannelConvPool(convolution, x, w, bias)
        : reluPool(convolution, winogradConv(convolution, x, w) ?? now(convolved), bias);
      blocks.set(node.inputs[0], { ...block, pooled });
      return pooled.values;
    }
    for (const input of node.inputs) {
      const passed = passedGradient(input), block = passed && blocks.get(passed.relu);
      if (block !== undefined) return userOf(input, now(passed!.gradient), block);
    }
    return undefined;

    /**
     * The replacement of `node`, a user of `dense`, given `gradient`, the gradient with respect to the pooled values.
     */
    function userOf(
      dense: Tensor,
      gradient: Tensor,
      { convolved, convolution: { kernel, padding, channels }, pooled }: Block & { pooled: Pooled },
    ): Tensor | undefined {
      if (sumOp.attributesOf(node)?.join() === "0,3") return sum(reluGrad(gradient, pooled.values), 0, 3);
      const [images, kernels] = convolved.inputs, [x, w] = node.inputs;
      const ofWeights = conv2dWeightGradientOp.attributesOf(node);
      if (ofWeights?.kernelHeight === kernel && isSquare(ofWeights.padding, padding) && x === images && w === dense) {
        return weightGradient?.(now(x), gradient, pooled);
      }
      const isBackward = x === dense && w.op === flipKernelsOp && w.inputs[0] === kernels;
      if (isBackward && isSquare(conv2dOp.attributesOf(node), kernel - 1 - padding) && channels % 4 === 0) {
        return pooledInputGradient(gradient, pooled, now(kernels));
      }
      return undefined;
    }
  };
}

interface Block {
  convolved: Tensor;
  convolution: SquareConv;
  /** `[filters]`. */
  bias: Tensor;
}

/** Above this extent of the kernels, the code for a window would be very long. */
const MAX_KERNEL = 5;

/** The parts of `relu` if it is max(convolution + bias, 0), with extents that the kernels accept. */
function blockOf(relu: Tensor): Block | undefined {
  const [added] = relu.op === reluOp ? relu.inputs : [];
  if (added?.op !== addOp) return undefined;
  const [convolved, bias] = added.inputs, convolution = squareConv(convolved);
  if (convolution === undefined || convolution.kernel > MAX_KERNEL) return undefined;
  const { channels, filters } = convolution;
  if (!broadcastOp.matches(bias) || bias.inputs[0].shape.join() !== `${filters}`) return undefined;
  const fits = filters % 4 === 0 && (channels === 1 || channels % 4 === 0);
  return fits ? { convolved, convolution, bias: bias.inputs[0] } : undefined;
}

/** Whether a convolution's padding is `expected` on all sides. */
function isSquare(padding: Padding | undefined, expected: number): boolean {
  return padding?.[0] === expected && padding[1] === expected;
}

/**
 * The gradient with respect to the pooled values: `gradient`, if `node` is reluGrad(maxPool2dGradient(gradient, relu),
 * relu).
 */
function passedGradient({ op, inputs: [spread, relu] }: Tensor): { gradient: Tensor; relu: Tensor } | undefined {
  if (op !== reluGradOp || spread.op !== maxPool2dGradientOp || spread.inputs[1] !== relu) return undefined;
  return { gradient: spread.inputs[0], relu };
}
