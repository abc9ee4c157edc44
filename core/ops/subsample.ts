/**
 * Keeping every n-th pixel, and spreading pixels out again. Each is the gradient of the other, so they share a file.
 */
import { f32, i32 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { coordinates, perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { requireShape, type Shape, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";

/** Keeps every `stride`-th pixel; the stride is the attribute. */
export const subsampleOp = opFamily((stride: number): KernelOp => ({
  kind: "kernel",
  name: "subsample",
  type(inputs) {
    requireShape(
      inputs[0].dtype === "f32" && inputs[0].shape.length === 4,
      "subsample",
      "takes [n, h, w, c]",
      inputs,
    );
    const [n, h, w, c] = inputs[0].shape;
    return { dtype: "f32", shape: [n, Math.ceil(h / stride), Math.ceil(w / stride), c] };
  },
  gradient: (g, node) => [apply(spreadOp({ stride, shape: node.inputs[0].shape }), g)],
  reference([x], output, node) {
    eachPair(node.inputs[0].shape, node.shape, stride, (from, to) => output[to] = x[from]);
  },
  wgsl(node) {
    const [, h, w, c] = node.inputs[0].shape;
    return perElement(
      sizeOf(node.shape),
      `${coordinates("i", node.shape, ["n", "y", "x", "c"])}
put(i, x0(((n * ${h}u + y * ${stride}u) * ${w}u + x * ${stride}u) * ${c}u + c));`,
    );
  },
  wasm: (node) => ({
    extent: sizeOf(node.shape),
    emit(f, { from, to, inputs: [x], output }) {
      const i = f.let("i32", from.get), source = f.local("i32");
      f.countTo(i, to.get, 1, () => {
        f.set(source, sourceIndex(node.shape, node.inputs[0].shape, stride, i.get));
        const value = f32.load(baseOf(x, i32.mul(source.get, i32.const(4))), x.offset);
        f.emit(f32.store(baseOf(output, i32.mul(i.get, i32.const(4))), output.offset, value));
      });
    },
  }),
}));

/** The adjoint of a subsampling: puts pixels back into images of shape `shape`, with zeros between them. */
export const spreadOp = opFamily(({ stride, shape }: { stride: number; shape: Shape }): KernelOp => ({
  kind: "kernel",
  name: "spread",
  type: () => ({ dtype: "f32", shape }),
  gradient: (g) => [subsample(g, stride)],
  reference([x], output, node) {
    output.fill(0);
    eachPair(shape, node.inputs[0].shape, stride, (to, from) => output[to] = x[from]);
  },
  wgsl(node) {
    const [, h, w, c] = node.inputs[0].shape;
    return perElement(
      sizeOf(shape),
      `${coordinates("i", shape, ["n", "y", "x", "c"])}
if (y % ${stride}u != 0u || x % ${stride}u != 0u) { put(i, 0.0); return; }
put(i, x0(((n * ${h}u + y / ${stride}u) * ${w}u + x / ${stride}u) * ${c}u + c));`,
    );
  },
  wasm: (node) => {
    const [, h, w, c] = shape, image = h * w * c, small = sizeOf(node.inputs[0].shape.slice(1));
    return {
      // A work item is a whole image, so that no item clears what another has written.
      extent: shape[0],
      emit(f, { from, to, inputs: [x], output }) {
        const at = f.let("i32", i32.mul(from.get, i32.const(image * 4)));
        f.countTo(at, i32.mul(to.get, i32.const(image * 4)), 4, () => {
          f.emit(f32.store(baseOf(output, at.get), output.offset, f32.const(0)));
        });
        const i = f.let("i32", i32.mul(from.get, i32.const(small))), target = f.local("i32");
        f.countTo(i, i32.mul(to.get, i32.const(small)), 1, () => {
          f.set(target, sourceIndex(node.inputs[0].shape, shape, stride, i.get));
          const value = f32.load(baseOf(x, i32.mul(i.get, i32.const(4))), x.offset);
          f.emit(f32.store(baseOf(output, i32.mul(target.get, i32.const(4))), output.offset, value));
        });
      },
    };
  },
}));

/** Code for the index, in a batch of shape `large`, of element `i` of the subsampled batch of shape `small`. */
function sourceIndex(small: Shape, large: Shape, stride: number, i: readonly number[]): readonly number[] {
  const [, h, w, c] = small;
  const channel = i32.remU(i, i32.const(c)), pixel = i32.divU(i, i32.const(c));
  const x = i32.remU(pixel, i32.const(w)), row = i32.divU(pixel, i32.const(w));
  const y = i32.remU(row, i32.const(h)), n = i32.divU(row, i32.const(h));
  const sourceRow = i32.add(i32.mul(n, i32.const(large[1])), i32.mul(y, i32.const(stride)));
  const sourcePixel = i32.add(i32.mul(sourceRow, i32.const(large[2])), i32.mul(x, i32.const(stride)));
  return i32.add(i32.mul(sourcePixel, i32.const(c)), channel);
}

/** Calls `visit` with the index of each kept element in the large batch and in the small one. */
function eachPair(large: Shape, small: Shape, stride: number, visit: (large: number, small: number) => void): void {
  const [batch, h, w, c] = small;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const from = ((n * large[1] + y * stride) * large[2] + x * stride) * c, to = ((n * h + y) * w + x) * c;
        for (let i = 0; i < c; i++) visit(from + i, to + i);
      }
    }
  }
}

/** Keeps every `stride`-th row and column, from the first: `[n, h, w, c]` → `[n, ⌈h/stride⌉, ⌈w/stride⌉, c]`. */
export function subsample(x: Tensor, stride: number): Tensor {
  return stride === 1 ? x : apply(subsampleOp(stride), x);
}
