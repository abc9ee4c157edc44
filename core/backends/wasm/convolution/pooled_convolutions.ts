/**
 * The rule for blocks of 3 × 3 convolution, bias, ReLU and 2 × 2 max pooling. In the forward pass, bias, ReLU and
 * pooling become one kernel, which for single-channel images includes the convolution. In the backward pass, the users
 * of the sparse gradient before the pooling become kernels that never store it (see `sparse_gradient.ts`).
 */
import type { Tensor } from "../../../graph.ts";
import {
  addOp,
  broadcastOp,
  conv2dOp,
  conv2dWeightGradientOp,
  convPadding,
  flipKernelsOp,
  maxPool2dGradientOp,
  maxPool2dOp,
  reluGrad,
  reluGradOp,
  reluOp,
  sum,
  sumOp,
} from "../../../ops/mod.ts";
import type { Shape } from "../../../shape.ts";
import type { Rule } from "../rewrite.ts";
import { pooledInputGradient } from "./pooled_input_gradient.ts";
import { type Pooled, reluPool } from "./relu_pool.ts";
import { singleChannelConvPool } from "./single_channel.ts";

/**
 * The gradient with respect to a convolution's kernels, from its images `x` and the gradient with respect to the pooled
 * values.
 */
type WeightGradient = (x: Tensor, gradient: Tensor, pooled: Pooled) => Tensor;

/** The rule. Without `weightGradient`, gradients with respect to kernels are left to the general op. */
export function pooledConvolutions({ weightGradient }: { weightGradient?: WeightGradient } = {}): Rule {
  /** The results of the forward kernels, by the ReLU of the original program. */
  const pooledBy = new Map<Tensor, Pooled>();

  return (node, now) => {
    if (node.op === maxPool2dOp) {
      const block = blockOf(node.inputs[0]);
      if (block === undefined) return undefined;
      const [x, w] = block.convolution.inputs.map(now), bias = now(block.bias);
      const result = x.shape[3] === 1 ? singleChannelConvPool(x, w, bias) : reluPool(now(block.convolution), bias);
      pooledBy.set(node.inputs[0], result);
      return result.values;
    }
    for (const input of node.inputs) {
      const passed = passedGradient(input), pooled = passed && pooledBy.get(passed.relu);
      if (pooled !== undefined) return userOf(input, now(passed!.gradient), pooled);
    }
    return undefined;

    /**
     * The replacement of `node`, a user of `dense`, given `gradient`, the gradient with respect to the pooled values.
     */
    function userOf(dense: Tensor, gradient: Tensor, pooled: Pooled): Tensor | undefined {
      if (sumOp.attributesOf(node)?.join() === "0,3") return sum(reluGrad(gradient, pooled.values), 0, 3);
      const [x, w] = node.inputs;
      if (conv2dWeightGradientOp.matches(node) && w === dense && isThreeByThree(node, node.shape)) {
        return weightGradient?.(now(x), gradient, pooled);
      }
      const isBackward = conv2dOp.matches(node) && x === dense && w.op === flipKernelsOp;
      if (isBackward && isThreeByThree(node, w.shape) && w.shape[3] % 4 === 0) {
        return pooledInputGradient(gradient, pooled, now(w.inputs[0]));
      }
      return undefined;
    }
  };
}

interface Block {
  convolution: Tensor;
  /** `[filters]`. */
  bias: Tensor;
}

/**
 * The parts of `relu` if it is max(3 × 3 convolution with a border of one pixel + bias, 0) of images with even sides.
 */
function blockOf(relu: Tensor): Block | undefined {
  const [added] = relu.op === reluOp ? relu.inputs : [];
  if (added?.op !== addOp) return undefined;
  const [convolution, bias] = added.inputs, [, h, w, filters] = convolution.shape;
  if (!conv2dOp.matches(convolution)) return undefined;
  if (!isThreeByThree(convolution, convolution.inputs[1].shape)) return undefined;
  if (!broadcastOp.matches(bias) || bias.inputs[0].shape.join() !== `${filters}`) return undefined;
  const channels = convolution.inputs[0].shape[3];
  const fits = h % 2 === 0 && w % 2 === 0 && filters % 4 === 0 && (channels === 1 || channels % 4 === 0);
  return fits ? { convolution, bias: bias.inputs[0] } : undefined;
}

/** Whether a convolution or a weight gradient has 3 × 3 kernels and a border of one pixel. */
function isThreeByThree(node: Tensor, [kh, kw]: Shape): boolean {
  return kh === 3 && kw === 3 && convPadding(node)?.join() === "1,1";
}

/**
 * The gradient with respect to the pooled values: `gradient`, if `node` is reluGrad(maxPool2dGradient(gradient, relu),
 * relu).
 */
function passedGradient({ op, inputs: [spread, relu] }: Tensor): { gradient: Tensor; relu: Tensor } | undefined {
  if (op !== reluGradOp || spread.op !== maxPool2dGradientOp || spread.inputs[1] !== relu) return undefined;
  return { gradient: spread.inputs[0], relu };
}
