/** Where a convolution is worth transforming. */
import { convPadding } from "../../../ops/mod.ts";
import { fitsWinograd, winogradConv } from "../kernels/winograd_conv.ts";
import type { Rule } from "../rewrite.ts";

/** Below this many channels the transforms cost more than the products that they save. */
const MIN_CHANNELS = 16;

/** 3 × 3 convolutions with a border of one pixel, by Winograd's algorithm. */
export const winogradConvolutions: Rule = (node, now) => {
  if (node.op.name !== "conv2d" || convPadding(node)?.join() !== "1,1") return undefined;
  const [x, w] = node.inputs;
  return x.shape[3] >= MIN_CHANNELS && fitsWinograd(x, w) ? winogradConv(now(x), now(w)) : undefined;
};
