import { PLAIN_TOOLS, type PlaneTools } from "../../../core/mnist/drawing/drawing.ts";
import type { Box } from "../../../core/mnist/drawing/resample.ts";
import { COLUMN_STEP, MAX_SUMMED_ROWS, type PlaneKernels } from "./plane_kernels.ts";
import { VECTOR_BYTES } from "./instructions.ts";

/** Bytes after the plane that the kernels may read. */
export const PLANE_MARGIN = COLUMN_STEP;

/** Bytes that the kernels need for their results. */
export function resultBytes(width: number, height: number): number {
  return Math.max(2 * (width + COLUMN_STEP), VECTOR_BYTES * height);
}

/**
 * Tools for a plane of ink in `memory`, with the same results as `PLAIN_TOOLS`, which take over for planes elsewhere and
 * for narrow ones.
 *
 * @param results address at which the kernels write what they find
 */
export function fastPlaneTools(
  memory: WebAssembly.Memory,
  kernels: PlaneKernels,
  results: () => number,
): PlaneTools {
  const isHere = (plane: Uint8Array, stride: number) => plane.buffer === memory.buffer && stride >= VECTOR_BYTES;
  return {
    findBox(plane, stride, threshold) {
      if (!isHere(plane, stride)) return PLAIN_TOOLS.findBox(plane, stride, threshold);
      const at = plane.byteOffset, rows = plane.length / stride, to = results();
      kernels.columnMaxima(at, at + stride, rows, stride, to);
      const columns = new Uint8Array(memory.buffer, to, stride);
      let left = 0, right = stride;
      while (columns[left] < threshold) left++;
      while (columns[right - 1] < threshold) right--;

      // At least the width of a vector; the added columns have no ink.
      const from = Math.min(left, stride - VECTOR_BYTES), end = Math.max(right, from + VECTOR_BYTES);
      kernels.rowMaxima(at + from, at + end, rows, stride, to);
      const maxima = new Uint8Array(memory.buffer, to, rows * VECTOR_BYTES);
      let first = 0, last = maxima.length - 1;
      while (maxima[first] < threshold) first++;
      while (maxima[last] < threshold) last--;
      return { left, right, top: Math.floor(first / VECTOR_BYTES), bottom: Math.floor(last / VECTOR_BYTES) + 1 };
    },

    columnSums(plane, stride, box: Box) {
      const { left, top, right, bottom } = box;
      if (!isHere(plane, stride) || bottom - top > MAX_SUMMED_ROWS) return PLAIN_TOOLS.columnSums(plane, stride, box);
      const from = plane.byteOffset + top * stride + left, to = results();
      kernels.columnSums(from, from + right - left, bottom - top, stride, to);
      return new Uint16Array(memory.buffer, to, right - left);
    },
  };
}
