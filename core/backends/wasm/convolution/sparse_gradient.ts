/**
 * The gradient with respect to the result of a pooled convolution is sparse: in each 2 × 2 window only the maximum gets
 * a gradient, and only if the ReLU let it through. At least three quarters of it are 0, so the gradient kernels list
 * the rest as entries of `sparse/csr.ts` and multiply only these.
 */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { f32x4, i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { type Address, baseOf } from "../../../codegen/wasm/kernel.ts";
import { spaced } from "../../../codegen/wasm/tile.ts";
import { addEntries, fewestChunks } from "../sparse/csr.ts";
import type { SquareConv } from "./square_conv.ts";

/** Inputs of a gradient kernel that describe what passed ReLU and pooling. */
export interface PooledGradient {
  /** The gradient of the loss with respect to the pooled values. */
  gradient: Address;
  values: Address;
  positions: Address;
}

/**
 * Loads four channels of the gradient, with 0 where the ReLU let nothing through; `at` is their byte offset in all
 * inputs.
 */
export function loadGradient(f: FunctionBuilder, { gradient, values }: PooledGradient, at: Local): Local {
  const value = v128.load(baseOf(values, at.get), values.offset);
  const isPositive = f32x4.gt(value, v128.zero);
  return f.let("v128", v128.and(v128.load(baseOf(gradient, at.get), gradient.offset), isPositive));
}

/** Four lists of entries in scratch memory. */
export interface EntryLists {
  /** Address of the first list; the others follow, `listBytes` apart. */
  first: Local;
  listBytes: number;
  /** Address of four numbers: for each list, the bytes from `first` to the end of its last entry. */
  ends: Local;
}

/** Lists: one for each position in a window, or for each lane of a vector. */
export const LISTS = 4;

/** The address after the last entry of list number `list`. */
export function endOf(f: FunctionBuilder, { first, listBytes, ends }: EntryLists, list: Local): Code {
  const bytes = f.let("i32", i32.load(i32.add(ends.get, i32.shl(list.get, i32.const(2))), 0));
  f.requireBelow(bytes, LISTS * listBytes + 1);
  return i32.add(first.get, bytes.get);
}

/** Vectors of a row of a kernel's taps, kernel · channels numbers. */
export function vectorsOfRow({ kernel, channels }: SquareConv): number {
  return Math.ceil((kernel * channels) / 4);
}

/** The taps of a kernel: the first row at `at`, each further row `stride` bytes later. */
export interface Taps {
  at: Local;
  stride: number;
}

/**
 * For each entry from `first` to `last`: adds its float32, times the taps at `source` plus its integer in bytes, to the
 * taps at `target`. The integer is at most `source.last`; the code traps if it is not.
 */
export function addTaps(
  f: FunctionBuilder,
  s: SquareConv,
  list: { first: Local; last: Local },
  target: Taps,
  source: Taps & { last: number },
): void {
  const offsetsOf = ({ stride }: Taps) =>
    Array.from({ length: s.kernel }, (_, row) => spaced(vectorsOfRow(s), 16, row * stride)).flat();
  const targets = offsetsOf(target), sources = offsetsOf(source);
  const chunk = Math.ceil(targets.length / fewestChunks(targets.length));
  const at = f.local("i32");
  const sums = Array.from({ length: chunk }, () => f.local("v128"));
  for (let first = 0; first < targets.length; first += chunk) {
    const offsets = targets.slice(first, first + chunk), used = sums.slice(0, offsets.length);
    used.forEach((sum, i) => f.set(sum, v128.load(target.at.get, offsets[i])));
    f.set(at, list.first.get);
    addEntries(f, { at, last: list.last, offset: 0 }, {
      base: (integer) => i32.add(source.at.get, integer),
      offsets: sources.slice(first, first + chunk),
      count: source.last + 1,
    }, used);
    used.forEach((sum, i) => f.emit(v128.store(target.at.get, offsets[i], sum.get)));
  }
}
