import type { FunctionBuilder, Local } from "../../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/assembler/instructions.ts";
import { addEntries, chunksOf } from "../sparse/csr.ts";

/** Three stretches of 3 · channels numbers, one for each row of a 3 × 3 kernel: at `at`, `at + stride`, `at + 2 · stride`. */
export interface Taps {
  at: Local;
  stride: number;
}

/** Four lists of entries in scratch memory. */
export interface Lists {
  /** The first list; the others follow, `listBytes` apart. */
  lists: Local;
  listBytes: number;
  /** Address of the four addresses behind the lists' last entries. */
  ends: Local;
}

/**
 * Adds to the taps at `target`, for each entry from `first` to `last`, its float32 times the taps that lie its whole number in
 * bytes behind `source`. `channels` is divisible by 4.
 */
export function addTaps(
  f: FunctionBuilder,
  channels: number,
  list: { first: Local; last: Local },
  target: Taps,
  source: Taps,
): void {
  const vectors = (3 * channels) / 4, { chunk, chunks } = chunksOf(vectors);
  const at = f.local("i32");
  const sums = Array.from({ length: chunk }, () => f.local("v128"));
  for (let row = 0; row < 3; row++) {
    for (let i = 0; i < chunks; i++) {
      const used = sums.slice(0, Math.min(chunk, vectors - i * chunk));
      const targetAt = row * target.stride + i * chunk * 16, sourceAt = row * source.stride + i * chunk * 16;
      used.forEach((sum, v) => f.set(sum, v128.load(target.at.get, targetAt + 16 * v)));
      f.set(at, list.first.get);
      addEntries(f, { at, last: list.last, offset: 0 }, {
        base: (index) => i32.add(source.at.get, index),
        offset: sourceAt,
      }, used);
      used.forEach((sum, v) => f.emit(v128.store(target.at.get, targetAt + 16 * v, sum.get)));
    }
  }
}
