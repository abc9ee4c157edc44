/**
 * Convolution, bias, ReLU and 2 × 2 max pooling. Forward, the last three are one kernel, which notes where each maximum was.
 * Backward, the gradient is a quarter full at most, so its products with images and kernels go over lists of it, and the gradient
 * itself is never spread out.
 */
import type { Tensor } from "../../../graph.ts";
import { convPadding, reluGrad, sum, sumAxes } from "../../../ops/mod.ts";
import { greyConvPool } from "../kernels/grey_conv_pool.ts";
import type { Pooled } from "../kernels/pooled_conv.ts";
import { pooledInputGradient } from "../kernels/pooled_input_gradient.ts";
import { pooledWeightGradientGrey } from "../kernels/pooled_weight_gradient_grey.ts";
import { pooledWeightGradient } from "../kernels/pooled_weight_gradient.ts";
import { reluPool } from "../kernels/relu_pool.ts";
import type { Rule } from "../rewrite.ts";

export function pooledConvolutions(): Rule {
  /** By the ReLU that is pooled. */
  const pooled = new Map<Tensor, Pooled>();
  return (node, now) => {
    if (node.op.name === "maxPool2d") {
      const block = blockOf(node.inputs[0]);
      if (block === undefined) return undefined;
      const [x, w] = block.convolution.inputs.map(now), bias = now(block.bias);
      const result = x.shape[3] === 1 ? greyConvPool(x, w, bias) : reluPool(now(block.convolution), bias);
      pooled.set(node.inputs[0], result);
      return result.values;
    }
    for (const input of node.inputs) {
      const passed = gradientThroughPool(input), values = passed && pooled.get(passed.relu);
      if (values !== undefined) return usersOf(node, input, now(passed!.gradient), values, now);
    }
    return undefined;
  };
}

interface Block {
  convolution: Tensor;
  /** `[filters]`. */
  bias: Tensor;
}

/** max(3 × 3 convolution with a border of one pixel + bias, 0) over images that pooling divides evenly. */
function blockOf(relu: Tensor): Block | undefined {
  const [added] = relu.op.name === "relu" ? relu.inputs : [];
  if (added?.op.name !== "add") return undefined;
  const [convolution, bias] = added.inputs, [, h, w, filters] = convolution.shape;
  if (convolution.op.name !== "conv2d" || !isThreeByThree(convolution, convolution.inputs[1])) return undefined;
  if (bias.op.name !== "broadcast" || bias.inputs[0].shape.join() !== `${filters}`) return undefined;
  const channels = convolution.inputs[0].shape[3];
  const fits = h % 2 === 0 && w % 2 === 0 && filters % 4 === 0 && (channels === 1 || channels % 4 === 0);
  return fits ? { convolution, bias: bias.inputs[0] } : undefined;
}

function isThreeByThree(node: Tensor, { shape: [kh, kw] }: { shape: Tensor["shape"] }): boolean {
  return kh === 3 && kw === 3 && convPadding(node)?.join() === "1,1";
}

/** The gradient behind a pooled ReLU, if `node` is that in front of it: reluGrad(spread over the windows, relu). */
function gradientThroughPool({ op, inputs: [spread, relu] }: Tensor): { gradient: Tensor; relu: Tensor } | undefined {
  if (op.name !== "reluGrad" || spread.op.name !== "maxPool2dGradient" || spread.inputs[1] !== relu) return undefined;
  return { gradient: spread.inputs[0], relu };
}

/** What a user of the gradient in front of a pooled ReLU, `spread`, becomes. */
function usersOf(
  node: Tensor,
  spread: Tensor,
  gradient: Tensor,
  pooled: Pooled,
  now: (earlier: Tensor) => Tensor,
): Tensor | undefined {
  if (sumAxes(node)?.join() === "0,3") return sum(reluGrad(gradient, pooled.values), 0, 3);
  const [x, w] = node.inputs;
  if (node.op.name === "conv2dWeightGradient" && w === spread && isThreeByThree(node, node)) {
    return (x.shape[3] === 1 ? pooledWeightGradientGrey : pooledWeightGradient)(now(x), gradient, pooled);
  }
  const isTurned = node.op.name === "conv2d" && x === spread && w.op.name === "flipKernels";
  if (isTurned && isThreeByThree(node, w) && w.shape[3] % 4 === 0) {
    return pooledInputGradient(gradient, pooled, now(w.inputs[0]));
  }
  return undefined;
}
