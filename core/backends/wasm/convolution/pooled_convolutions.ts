/**
 * The rule for blocks of convolution, bias, ReLU and 2 × 2 max pooling. Forward, bias, ReLU and pooling become one kernel,
 * which also stores the position of each maximum. Backward, at most a quarter of the gradient in front of the pooling is not
 * 0, so its products with images and kernels run over sparse lists, and the dense gradient is never stored.
 */
import type { Tensor } from "../../../graph.ts";
import { convPadding, reluGrad, sum, sumAxes } from "../../../ops/mod.ts";
import { singleChannelConvPool } from "./single_channel.ts";
import { type Pooled, reluPool } from "./relu_pool.ts";
import { pooledInputGradient } from "./pooled_input_gradient.ts";
import type { Rule } from "../rewrite.ts";

/** The gradient of the loss by a convolution's kernels, from the images `x` and from that by the pooled values. */
type WeightGradient = (x: Tensor, gradient: Tensor, pooled: Pooled) => Tensor;

/** Puts the pooled kernels into a program. Without `weightGradient`, gradients of kernels stay general convolutions. */
export function pooledConvolutions({ weightGradient }: { weightGradient?: WeightGradient } = {}): Rule {
  /** What the forward kernels gave, by the ReLU in the original program. */
  const pooled = new Map<Tensor, Pooled>();

  /** What `user` of `spread`, the gradient in front of a pooled ReLU, becomes: from `gradient`, that behind the pooling. */
  const withoutSpread = (
    user: Tensor,
    spread: Tensor,
    gradient: Tensor,
    known: Pooled,
    now: (earlier: Tensor) => Tensor,
  ) => {
    if (sumAxes(user)?.join() === "0,3") return sum(reluGrad(gradient, known.values), 0, 3);
    const [x, w] = user.inputs;
    if (user.op.name === "conv2dWeightGradient" && w === spread && isThreeByThree(user, user)) {
      return weightGradient?.(now(x), gradient, known);
    }
    const isFlipped = user.op.name === "conv2d" && x === spread && w.op.name === "flipKernels";
    if (isFlipped && isThreeByThree(user, w) && w.shape[3] % 4 === 0) {
      return pooledInputGradient(gradient, known, now(w.inputs[0]));
    }
    return undefined;
  };

  return (node, now) => {
    if (node.op.name === "maxPool2d") {
      const block = blockOf(node.inputs[0]);
      if (block === undefined) return undefined;
      const [x, w] = block.convolution.inputs.map(now), bias = now(block.bias);
      const result = x.shape[3] === 1 ? singleChannelConvPool(x, w, bias) : reluPool(now(block.convolution), bias);
      pooled.set(node.inputs[0], result);
      return result.values;
    }
    for (const input of node.inputs) {
      const passed = gradientThroughPool(input), known = passed && pooled.get(passed.relu);
      if (known !== undefined) return withoutSpread(node, input, now(passed!.gradient), known, now);
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
