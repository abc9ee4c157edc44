/** Convolutions in WGSL. */
import type { ConvShape } from "../extents.ts";
import type { WgslKernel } from "./kernel.ts";
import { type BlockSize, registerBlock } from "./matmul.ts";

/** No taller than this: with eight rows of taps, SwiftShader takes most of a minute to compile. */
const BLOCK: BlockSize = { rows: 4, columns: 8 };

/** A convolution as a product: rows are pixels, columns filters, and the depth is taps times channels. */
export function convWgsl(s: ConvShape): WgslKernel {
  const { outWidth, outHeight, filters, channels } = s;
  const pixels = s.batch * outHeight * outWidth;
  const blockRows = [...Array(Math.min(BLOCK.rows, pixels)).keys()];
  return registerBlock({
    size: BLOCK,
    rows: pixels,
    columns: filters,
    // A tap outside the image adds nothing, because its pixel counts as 0.
    depth: `for (var ky = 0u; ky < ${s.kernelHeight}u; ky++) { for (var kx = 0u; kx < ${s.kernelWidth}u; kx++) {
${blockRows.map((i) => tapOf(s, i)).join("\n")}
let tap = (ky * ${s.kernelWidth}u + kx) * ${channels}u;
for (var c = 0u; c < ${channels}u; c++) { ACCUMULATE }
} }`,
    row: (row, i) =>
      `let image${i} = (${row} / ${outWidth * outHeight}u) * ${s.height * s.width}u;
let py${i} = i32((${row} / ${outWidth}u) % ${outHeight}u) - ${s.paddingY};
let px${i} = i32(${row} % ${outWidth}u) - ${s.paddingX};`,
    a: (_, i) => `select(0.0, x0(pixel${i} + c), inside${i})`,
    b: (column) => `x1((tap + c) * ${filters}u + ${column})`,
    put: (row, column, value) => `put(${row} * ${filters}u + ${column}, ${value});`,
  });
}

/** Statements that find the pixel under a tap of row `i`, and whether it is inside the image. */
function tapOf(s: ConvShape, i: number): string {
  return `let ty${i} = py${i} + i32(ky);
let tx${i} = px${i} + i32(kx);
let inside${i} = ty${i} >= 0 && ty${i} < ${s.height} && tx${i} >= 0 && tx${i} < ${s.width};
let pixel${i} = select(0u, (image${i} + u32(ty${i} * ${s.width} + tx${i})) * ${s.channels}u, inside${i});`;
}

/**
 * The gradient with respect to the kernels as a product: rows are taps times channels, columns filters, and the depth
 * is pixels.
 */
export function convWeightGradientWgsl(s: ConvShape): WgslKernel {
  const { outWidth, outHeight, filters, channels, kernelWidth } = s;
  return registerBlock(
    {
      size: BLOCK,
      rows: s.kernelHeight * kernelWidth * channels,
      columns: filters,
      depth: `for (var n = 0u; n < ${s.batch}u; n++) { for (var y = 0u; y < ${outHeight}u; y++) {
for (var x = 0u; x < ${outWidth}u; x++) {
let pixel = ((n * ${outHeight}u + y) * ${outWidth}u + x) * ${filters}u;
ACCUMULATE
} } }`,
      row: (row, i) =>
        `let channel${i} = ${row} % ${channels}u;
let ky${i} = i32(${row} / ${channels * kernelWidth}u) - ${s.paddingY};
let kx${i} = i32((${row} / ${channels}u) % ${kernelWidth}u) - ${s.paddingX};`,
      a: (_, i) => `imageAt(n, i32(y) + ky${i}, i32(x) + kx${i}, channel${i})`,
      b: (column) => `x1(pixel + ${column})`,
      put: (row, column, value) => `put(${row} * ${filters}u + ${column}, ${value});`,
    },
    `fn imageAt(n: u32, y: i32, x: i32, c: u32) -> f32 {
  if (y < 0 || y >= ${s.height} || x < 0 || x >= ${s.width}) { return 0.0; }
  return x0(((n * ${s.height}u + u32(y)) * ${s.width}u + u32(x)) * ${channels}u + c);
}`,
  );
}
