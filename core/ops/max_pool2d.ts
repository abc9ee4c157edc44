import type { Code, FunctionBuilder, Local } from "../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { eachVector, storeLanes } from "../codegen/wasm/vectors.ts";
import { coordinates, perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, type Shape, sizeOf } from "../shape.ts";

/** Offsets (y, x) of a window's four pixels. If pixels are equal, the first in this order counts as the largest. */
const WINDOW = [[0, 0], [0, 1], [1, 0], [1, 1]] as const;

/** The op behind `maxPool2d`. */
export const maxPool2dOp: KernelOp = {
  kind: "kernel",
  name: "maxPool2d",
  type(inputs) {
    const [x] = inputs;
    const valid = x.dtype === "f32" && x.shape.length === 4 && x.shape[1] >= 2 && x.shape[2] >= 2;
    requireShape(valid, "maxPool2d", "takes [n, h, w, c] of at least 2 × 2 pixels", inputs);
    const [n, h, w, c] = x.shape;
    return { dtype: "f32", shape: [n, Math.floor(h / 2), Math.floor(w / 2), c] };
  },
  gradient: (g, { inputs: [x] }) => [apply(maxPool2dGradientOp, g, x)],
  reference([x], output, node) {
    eachWindow(node.inputs[0].shape, node.shape, (window, out) => {
      output[out] = Math.max(...window.map((i) => x[i]));
    });
  },
  wgsl(node) {
    const values = windowIndices(node.inputs[0].shape).map((index) => `x0(${index})`);
    const [a, b, d, e] = values;
    return perElement(
      sizeOf(node.shape),
      `${coordinates("i", node.shape, ["n", "y", "x", "c"])}
put(i, max(max(${a}, ${b}), max(${d}, ${e})));`,
    );
  },
  wasm: (node) => ({
    extent: node.shape[0] * node.shape[1],
    emit(f, { from, to, inputs: [x], output }) {
      const walk = new WindowWalk(f, node.inputs[0].shape, node.shape);
      walk.each(from, to, baseOf(x), baseOf(output), (lanes) => {
        const [a, b, d, e] = walk.offsets.map((offset) => v128.load(walk.large.get, x.offset + offset));
        storeLanes(f, walk.small.get, output.offset, f32x4.max(f32x4.max(a, b), f32x4.max(d, e)), lanes);
      });
    },
  }),
};

/** The gradient with respect to `maxPool2d`'s images, given the gradient of its result and the images. */
export const maxPool2dGradientOp: KernelOp = {
  kind: "kernel",
  name: "maxPool2dGradient",
  type: ([, x]) => x,
  gradient: null,
  reference([g, x], output, node) {
    output.fill(0);
    eachWindow(node.shape, node.inputs[0].shape, (window, out) => {
      const values = window.map((i) => x[i]);
      output[window[values.indexOf(Math.max(...values))]] = g[out];
    });
  },
  wgsl(node) {
    const [, rows, columns, c] = node.inputs[0].shape;
    const window = windowIndices(node.shape).map((index) => `x1(${index})`);
    return perElement(
      sizeOf(node.shape),
      `${coordinates("i", node.shape, ["n", "row", "column", "c"])}
let y = row / 2u;
let x = column / 2u;
if (y >= ${rows}u || x >= ${columns}u) { put(i, 0.0); return; }
let values = vec4<f32>(${window.join(", ")});
let top = max(max(values.x, values.y), max(values.z, values.w));
var first = 3u;
for (var k = 3u; k > 0u; k--) { if (values[k - 1u] == top) { first = k - 1u; } }
let here = (row % 2u) * 2u + column % 2u;
put(i, select(0.0, x0(((n * ${rows}u + y) * ${columns}u + x) * ${c}u + c), here == first));`,
    );
  },
  wasm(node) {
    const [n, h, w, c] = node.shape, rowBytes = w * c * 4;
    return {
      extent: n * Math.floor(h / 2),
      emit(f, { from, to, inputs: [g, x], output }) {
        if (h % 2 === 1 || w % 2 === 1) clearEdges(f, { h, w, c, rowBytes }, from, to, baseOf(output), output.offset);
        const walk = new WindowWalk(f, node.shape, node.inputs[0].shape);
        const out = f.local("i32");
        const pixels = WINDOW.map(() => f.local("v128"));
        const max = f.local("v128"), gradient = f.local("v128"), hit = f.local("v128"), taken = f.local("v128");
        walk.each(from, to, baseOf(x), baseOf(g), (lanes) => {
          f.set(out, i32.add(i32.sub(walk.large.get, baseOf(x)), baseOf(output)));
          pixels.forEach((pixel, i) => f.set(pixel, v128.load(walk.large.get, x.offset + walk.offsets[i])));
          const [a, b, d, e] = pixels.map((pixel) => pixel.get);
          f.set(max, f32x4.max(f32x4.max(a, b), f32x4.max(d, e)));
          f.set(gradient, v128.load(walk.small.get, g.offset));
          f.set(taken, v128.zero);
          pixels.forEach((pixel, i) => {
            f.set(hit, v128.andNot(f32x4.eq(pixel.get, max.get), taken.get));
            f.set(taken, v128.or(taken.get, hit.get));
            storeLanes(f, out.get, output.offset + walk.offsets[i], v128.and(gradient.get, hit.get), lanes);
          });
        });
      },
    };
  },
};

/** WGSL expressions, over n, y, x and c, for the indices of a window's four elements in a batch of this shape. */
function windowIndices([, h, w, c]: Shape): string[] {
  return WINDOW.map(([dy, dx]) => `((n * ${h}u + 2u * y + ${dy}u) * ${w}u + 2u * x + ${dx}u) * ${c}u + c`);
}

/** Code that visits windows of 2 × 2 pixels, four channels at a time. A work item is a row of windows. */
class WindowWalk {
  /** The address of the current window's first pixel. */
  readonly large: Local;
  /** The address of the pixel in the small image that belongs to the window. */
  readonly small: Local;
  /** Byte offsets of the window's four pixels from the first. */
  readonly offsets: readonly number[];
  readonly #f: FunctionBuilder;
  readonly #from: Shape;
  readonly #to: Shape;
  readonly #rowBytes: number;

  /** Windows of images of shape `from`, pooled to shape `to`. */
  constructor(f: FunctionBuilder, from: Shape, to: Shape) {
    this.#f = f;
    this.#from = from;
    this.#to = to;
    this.large = f.local("i32");
    this.small = f.local("i32");
    this.#rowBytes = from[2] * from[3] * 4;
    this.offsets = WINDOW.map(([y, x]) => y * this.#rowBytes + x * from[3] * 4);
  }

  /**
   * Emits `body` for all windows of the work items `first` … `end − 1` of images at the addresses `large` and `small`.
   */
  each(first: Local, end: Local, large: Code, small: Code, body: (lanes: number) => void): void {
    const f = this.#f;
    const [, h] = this.#from, [, rows, columns, c] = this.#to;
    const item = f.let("i32", first.get), n = f.local("i32"), y = f.local("i32");
    f.countTo(item, end.get, 1, () => {
      f.set(n, i32.divU(item.get, i32.const(rows)));
      f.set(y, i32.remU(item.get, i32.const(rows)));
      const row = i32.add(i32.mul(n.get, i32.const(h)), i32.mul(y.get, i32.const(2)));
      f.set(this.large, i32.add(large, i32.mul(row, i32.const(this.#rowBytes))));
      f.set(this.small, i32.add(small, i32.mul(item.get, i32.const(columns * c * 4))));
      f.repeat(columns, () => {
        const end = c - (c % 4);
        eachVector(f, this.large, c, (lanes) => {
          body(lanes);
          if (lanes === 4) f.set(this.small, i32.add(this.small.get, i32.const(16)));
        });
        // `large` points past the whole vectors of this pixel: skip the rest of it and the window's second pixel.
        f.set(this.large, i32.add(this.large.get, i32.const((2 * c - end) * 4)));
        if (c % 4 > 0) f.set(this.small, i32.add(this.small.get, i32.const((c % 4) * 4)));
      });
    });
  }
}

/** With an odd height or width, the last row or column is in no window, so its gradient is 0. */
function clearEdges(
  f: FunctionBuilder,
  { h, w, c, rowBytes }: { h: number; w: number; c: number; rowBytes: number },
  from: Local,
  to: Local,
  base: Code,
  offset: number,
): void {
  const rows = Math.floor(h / 2), item = f.let("i32", from.get), at = f.local("i32"), last = f.local("i32");
  const clear = (floats: number) => {
    f.repeat(floats, () => {
      f.emit(v128.store32Lane(at.get, offset, v128.zero, 0));
      f.set(at, i32.add(at.get, i32.const(4)));
    });
  };
  f.countTo(item, to.get, 1, () => {
    const n = i32.divU(item.get, i32.const(rows)), y = i32.mul(i32.remU(item.get, i32.const(rows)), i32.const(2));
    f.set(last, i32.add(base, i32.mul(i32.add(i32.mul(n, i32.const(h)), y), i32.const(rowBytes))));
    if (w % 2 === 1) {
      for (const row of [0, 1]) {
        f.set(at, i32.add(last.get, i32.const((row + 1) * rowBytes - c * 4)));
        clear(c);
      }
    }
    if (h % 2 === 1) {
      f.if(i32.eq(i32.remU(item.get, i32.const(rows)), i32.const(rows - 1)), () => {
        f.set(at, i32.add(last.get, i32.const(2 * rowBytes)));
        clear(w * c);
      });
    }
  });
}

/** Calls `visit` with the indices of each window's elements in the large batch, and of its element in the small one. */
function eachWindow(large: Shape, small: Shape, visit: (window: number[], out: number) => void): void {
  const [batch, h, w, c] = small;
  for (let out = 0; out < batch * h * w * c; out++) {
    const channel = out % c, x = Math.floor(out / c) % w, y = Math.floor(out / (c * w)) % h;
    const n = Math.floor(out / (c * w * h));
    const window = WINDOW.map(([dy, dx]) => ((n * large[1] + 2 * y + dy) * large[2] + 2 * x + dx) * c + channel);
    visit(window, out);
  }
}

/**
 * The largest value in each window of 2 × 2 pixels: `[n, h, w, c]` → `[n, ⌊h/2⌋, ⌊w/2⌋, c]`. If several are equal, the
 * first one gets the gradient.
 */
export function maxPool2d(x: Tensor): Tensor {
  return apply(maxPool2dOp, x);
}
