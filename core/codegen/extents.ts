/** Extents and strides of operands, as needed to generate WASM and WGSL code. */
import { type Shape, sizeOf } from "../shape.ts";

/**
 * Extents of a product `[m, k] · [k, n]`, and strides of its operands in elements. Each operand has one stride of 1.
 */
export interface Product {
  m: number;
  n: number;
  k: number;
  aRow: number;
  aDepth: number;
  bDepth: number;
  bColumn: number;
}

/** Extents of the images `[batch, height, width, channels]`, the kernels, the padding and the result. */
export interface ConvShape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  kernelHeight: number;
  kernelWidth: number;
  paddingY: number;
  paddingX: number;
  outHeight: number;
  outWidth: number;
}

/** A tensor seen as `[outer, length, inner]`, summed over the middle: out[o, i] = Σ_k x[o, k, i]. */
export interface Split {
  outer: number;
  length: number;
  inner: number;
}

/** Splits `shape` for a sum over the axes `firstAxis` (included) to `endAxis` (excluded). */
export function split(shape: Shape, firstAxis: number, endAxis: number): Split {
  return {
    outer: sizeOf(shape.slice(0, firstAxis)),
    length: sizeOf(shape.slice(firstAxis, endAxis)),
    inner: sizeOf(shape.slice(endAxis)),
  };
}

/** Strides in elements by which a tensor of shape `from` is read to fill one of shape `to`; 0 where it repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const skipped = to.length - from.length;
  let stride = sizeOf(from);
  return to.map((_, axis) => {
    if (axis < skipped) return 0;
    const n = from[axis - skipped];
    stride /= n;
    return n === 1 ? 0 : stride;
  });
}
