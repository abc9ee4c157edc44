/** The inner loop of every product that leaves zeros out. */
import type { Code, FunctionBuilder, Local } from "../../../codegen/wasm/function_builder.ts";
import { i32, v128 } from "../../../codegen/wasm/instructions.ts";
import { ENTRY } from "./compressed.ts";

/** Vectors of a result that stay in registers while entries run by: with one of the source and a factor, 14 of 15. */
const MAX_CHUNK = 12;

/** Cuts `vectors` into chunks of equal width, the last of which may be narrower. */
export function chunksOf(vectors: number): { chunk: number; chunks: number } {
  const chunk = Math.ceil(vectors / Math.ceil(vectors / MAX_CHUNK));
  return { chunk, chunks: Math.ceil(vectors / chunk) };
}

/** Entries, each a whole number and a float32, `offset` bytes behind the pointers `at`, which moves on, and `last`. */
export interface Entries {
  at: Local;
  last: Local;
  offset: number;
}

/** Where the vectors lie that an entry's float32 multiplies. */
export interface EntrySource {
  /** Their address, from the entry's whole number. */
  base(index: Code): Code;
  /** Bytes to be added to it. */
  offset: number;
}

/** sums[i] += factor × vector i of the entry's source, for each entry in order. */
export function addEntries(
  f: FunctionBuilder,
  { at, last, offset }: Entries,
  source: EntrySource,
  sums: readonly Local[],
): void {
  const base = f.local("i32"), factor = f.local("v128");
  f.countTo(at, last.get, ENTRY, () => {
    f.set(base, source.base(i32.load(at.get, offset)));
    f.set(factor, v128.load32Splat(at.get, offset + 4));
    sums.forEach((sum, i) => {
      f.set(sum, f.multiplyAdd(factor.get, v128.load(base.get, source.offset + 16 * i), sum.get));
    });
  });
}
