import type { Code, FunctionBuilder, Local } from "../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, i32x4, v128 } from "../codegen/wasm/assembler/instructions.ts";
import { baseOf } from "../codegen/wasm/kernel.ts";
import { literal, perElement } from "../codegen/wgsl/kernel.ts";
import { apply, type Tensor } from "../graph.ts";
import type { KernelOp } from "../op.ts";
import { KEY_PARITY, ROTATIONS, ROUNDS, threefry } from "../random.ts";
import { requireShape, type Shape, sizeOf } from "../shape.ts";
import { opFamily } from "./define.ts";

/** What a dropout mask depends on, besides the step. */
export interface DropoutMaskOptions {
  shape: Shape;
  /** The chance that a unit drops out, in [0, 1). */
  probability: number;
  /** uint32. */
  seed: number;
  /** Different for each dropout layer of a model. */
  stream: number;
}

/**
 * Random masks for a probability, seed and stream. Elements form groups of eight: lanes 0–3 of group g are the first
 * words of the counters 4g … 4g + 3, lanes 4–7 their second words. The counter's other word is the step.
 */
export const dropoutMaskOp = opFamily(({ shape, probability, seed, stream }: DropoutMaskOptions): KernelOp => {
  const threshold = Math.round(probability * 2 ** 32);
  const kept = Math.fround(1 / (1 - probability));
  return {
    kind: "kernel",
    name: "dropoutMask",
    type(inputs) {
      const valid = inputs[0].dtype === "i32" && inputs[0].shape.length === 0;
      requireShape(valid, "dropoutMask", "takes the step as an i32 scalar", inputs);
      return { dtype: "f32", shape };
    },
    gradient: null,
    reference([step], output) {
      for (let i = 0; i < output.length; i++) {
        const words = threefry(seed, stream, 4 * (i >> 3) + (i & 3), step[0]);
        output[i] = words[(i >> 2) & 1] >= threshold ? kept : 0;
      }
    },
    wgsl: () =>
      perElement(
        sizeOf(shape),
        `let words = threefry(4u * (i >> 3u) + (i & 3u), u32(x0(0u)));
put(i, select(0.0, ${literal(kept)}, select(words.x, words.y, (i & 4u) != 0u) >= ${threshold}u));`,
        threefryWgsl(seed, stream),
      ),
    wasm: () => ({
      // Two groups fill a cache line. Writing past the end stays inside the buffer, which is padded to whole lines.
      extent: Math.ceil(sizeOf(shape) / 16),
      emit(f, { from, to, inputs: [step], output }) {
        const group = f.let("i32", i32.mul(from.get, i32.const(2)));
        const steps = f.let("v128", v128.load32Splat(baseOf(step), step.offset));
        f.countTo(group, i32.mul(to.get, i32.const(2)), 1, () => {
          const first = i32x4.splat(i32.mul(group.get, i32.const(4)));
          const words = emitThreefry(f, seed, stream, i32x4.add(first, i32x4.lanes(0, 1, 2, 3)), steps.get);
          const out = baseOf(output, i32.mul(group.get, i32.const(32)));
          words.forEach((word, i) => {
            const isKept = i32x4.geU(word.get, i32x4.const(threshold));
            f.emit(v128.store(out, output.offset + 16 * i, v128.and(isKept, f32x4.const(kept))));
          });
        });
      },
    }),
  };
});

/** Code that computes `threefry` for four counters at once. */
function emitThreefry(f: FunctionBuilder, key0: number, key1: number, counter0: Code, counter1: Code): Local[] {
  const key = [key0 | 0, key1 | 0, KEY_PARITY ^ key0 ^ key1];
  const x0 = f.let("v128", i32x4.add(counter0, i32x4.const(key[0])));
  const x1 = f.let("v128", i32x4.add(counter1, i32x4.const(key[1])));
  for (let round = 0; round < ROUNDS; round++) {
    const rotation = ROTATIONS[round % 8];
    f.set(x0, i32x4.add(x0.get, x1.get));
    const left = i32x4.shl(x1.get, i32.const(rotation)), right = i32x4.shrU(x1.get, i32.const(32 - rotation));
    f.set(x1, v128.xor(v128.or(left, right), x0.get));
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      f.set(x0, i32x4.add(x0.get, i32x4.const(key[injection % 3])));
      f.set(x1, i32x4.add(x1.get, i32x4.const((key[(injection + 1) % 3] + injection) | 0)));
    }
  }
  return [x0, x1];
}

/** `threefry` under a fixed key, as a WGSL function of the two words of the counter. */
function threefryWgsl(key0: number, key1: number): string {
  const key = [key0, key1, KEY_PARITY ^ key0 ^ key1].map((word) => `${word >>> 0}u`);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const rotation = ROTATIONS[round % 8], injection = (round + 1) / 4;
    const mix = `x += y; y = ((y << ${rotation}u) | (y >> ${32 - rotation}u)) ^ x;`;
    if (round % 4 !== 3) return mix;
    return `${mix} x += ${key[injection % 3]}; y += ${key[(injection + 1) % 3]} + ${injection}u;`;
  });
  return `fn threefry(counter0: u32, counter1: u32) -> vec2<u32> {
  var x = counter0 + ${key[0]};
  var y = counter1 + ${key[1]};
  ${rounds.join("\n  ")}
  return vec2<u32>(x, y);
}`;
}

/**
 * Inverted dropout (Srivastava et al., 2014): 1 / (1 − p) where a unit stays and 0 where it drops out. It depends only
 * on seed, stream, step (an i32 scalar) and position, so it is the same on every device.
 */
export function dropoutMask(step: Tensor, options: DropoutMaskOptions): Tensor {
  return apply(dropoutMaskOp(options), step);
}
