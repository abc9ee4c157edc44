/**
 * Two-dimensional convolution of images `[batch, height, width, channels]` with kernels `[kh, kw, channels, filters]`,
 * and its gradients.
 */
import type { ConvShape } from "../codegen/extents.ts";
import { convKernel, convWeightGradientKernel } from "../codegen/wasm/conv2d.ts";
import type { WgslKernel } from "../codegen/wgsl/kernel.ts";
import { type BlockSize, registerBlock } from "../codegen/wgsl/matmul.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, type Shape, type TensorType } from "../shape.ts";
import { opFamily } from "./define.ts";
import { flipKernels } from "./flip_kernels.ts";
import { subsample } from "./subsample.ts";

/** Rows of zeros above and below the image, and columns of zeros to its left and right. */
export type Padding = readonly [y: number, x: number];

function convShape(image: Shape, kernel: Shape, [paddingY, paddingX]: Padding): ConvShape {
  const [batch, height, width, channels] = image;
  const [kernelHeight, kernelWidth, , filters] = kernel;
  return {
    batch,
    height,
    width,
    channels,
    filters,
    kernelHeight,
    kernelWidth,
    paddingY,
    paddingX,
    outHeight: height + 2 * paddingY - kernelHeight + 1,
    outWidth: width + 2 * paddingX - kernelWidth + 1,
  };
}

const isImageBatch = (x: TensorType) => x.dtype === "f32" && x.shape.length === 4;

/** Convolutions of stride 1; the padding is the attribute. */
export const conv2dOp = opFamily((padding: Padding): KernelOp => ({
  kind: "kernel",
  name: "conv2d",
  type(inputs) {
    const [x, w] = inputs;
    requireShape(
      inputs.every(isImageBatch),
      "conv2d",
      "takes images [n, h, w, c] and kernels [kh, kw, c, o]",
      inputs,
    );
    requireShape(
      x.shape[3] === w.shape[2],
      "conv2d",
      "takes as many image channels as the kernels have inputs",
      inputs,
    );
    const s = convShape(x.shape, w.shape, padding);
    const fits = s.outHeight > 0 && s.outWidth > 0;
    requireShape(fits, "conv2d", "takes kernels no larger than the padded images", inputs);
    const overlaps = s.paddingY < s.kernelHeight && s.paddingX < s.kernelWidth;
    requireShape(overlaps, "conv2d", `takes padding smaller than the kernels, got [${padding}]`, inputs);
    return { dtype: "f32", shape: [s.batch, s.outHeight, s.outWidth, s.filters] };
  },
  gradient(g, { inputs: [x, w] }) {
    const [kh, kw] = w.shape, [paddingY, paddingX] = padding;
    // A pixel adds to every output that a flipped kernel, centred on it, covers.
    return [
      apply(conv2dOp([kh - 1 - paddingY, kw - 1 - paddingX]), g, flipKernels(w)),
      apply(conv2dWeightGradientOp({ kernelHeight: kh, kernelWidth: kw, padding }), x, g),
    ];
  },
  reference([x, w], output, node) {
    const s = convShape(node.inputs[0].shape, node.inputs[1].shape, padding);
    forEachTap(s, (out, image, kernel) => {
      for (let o = 0; o < s.filters; o++) {
        for (let c = 0; c < s.channels; c++) {
          output[out * s.filters + o] += x[image * s.channels + c] * w[(kernel * s.channels + c) * s.filters + o];
        }
      }
    });
  },
  wasm: (node) => convKernel(convShape(node.inputs[0].shape, node.inputs[1].shape, padding)),
  wgsl: (node) => convWgsl(convShape(node.inputs[0].shape, node.inputs[1].shape, padding)),
}));

/**
 * Calls `visit` for each output pixel and each kernel tap that falls inside the image, with the indices of the output
 * pixel, the image pixel and the tap.
 */
function forEachTap(s: ConvShape, visit: (out: number, image: number, kernel: number) => void): void {
  for (let n = 0; n < s.batch; n++) {
    for (let y = 0; y < s.outHeight; y++) {
      for (let x = 0; x < s.outWidth; x++) {
        for (let ky = 0; ky < s.kernelHeight; ky++) {
          for (let kx = 0; kx < s.kernelWidth; kx++) {
            const iy = y + ky - s.paddingY, ix = x + kx - s.paddingX;
            if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
            visit((n * s.outHeight + y) * s.outWidth + x, (n * s.height + iy) * s.width + ix, ky * s.kernelWidth + kx);
          }
        }
      }
    }
  }
}

/** Attributes of a weight gradient: what it depends on besides its operands. */
export interface WeightGradientAttributes {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly padding: Padding;
}

/** The gradient with respect to a convolution's kernels, given its images and the gradient of its result. */
export const conv2dWeightGradientOp = opFamily(
  ({ kernelHeight, kernelWidth, padding }: WeightGradientAttributes): KernelOp => {
    const kernelShape = ([x, g]: readonly TensorType[]) => [kernelHeight, kernelWidth, x.shape[3], g.shape[3]];
    return {
      kind: "kernel",
      name: "conv2dWeightGradient",
      type: (inputs) => ({ dtype: "f32", shape: kernelShape(inputs) }),
      gradient: null,
      reference([x, g], output, node) {
        const s = convShape(node.inputs[0].shape, node.shape, padding);
        forEachTap(s, (out, image, kernel) => {
          for (let o = 0; o < s.filters; o++) {
            for (let c = 0; c < s.channels; c++) {
              output[(kernel * s.channels + c) * s.filters + o] += x[image * s.channels + c] * g[out * s.filters + o];
            }
          }
        });
      },
      wasm: (node) => convWeightGradientKernel(convShape(node.inputs[0].shape, node.shape, padding)),
      wgsl: (node) => convWeightGradientWgsl(convShape(node.inputs[0].shape, node.shape, padding)),
    };
  },
);

/** How the kernels move over the images. */
export interface Conv2dOptions {
  /**
   * Zeros on each side of the image; must be fewer than the kernel's extent.
   * @default 0
   */
  padding?: number;
  /**
   * Distance in pixels from one output to the next, in both directions.
   * @default 1
   */
  stride?: number;
}

/**
 * Cross-correlation, as in PyTorch: images `[n, h, w, c]` and kernels `[kh, kw, c, o]` → `[n, h', w', o]` with
 * h' = ⌊(h + 2 padding − kh) / stride⌋ + 1, and w' likewise.
 */
export function conv2d(images: Tensor, kernels: Tensor, { padding = 0, stride = 1 }: Conv2dOptions = {}): Tensor {
  return subsample(apply(conv2dOp([padding, padding]), images, kernels), stride);
}

/** No taller than this: with eight rows of taps, SwiftShader takes most of a minute to compile. */
const BLOCK: BlockSize = { rows: 4, columns: 8 };

/** A convolution in WGSL, as a product: rows are pixels, columns filters, and the depth is taps times channels. */
function convWgsl(s: ConvShape): WgslKernel {
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
 * The gradient with respect to the kernels in WGSL, as a product: rows are taps times channels, columns filters, and the depth
 * is pixels.
 */
function convWeightGradientWgsl(s: ConvShape): WgslKernel {
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
