import type { FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32 } from "./assembler/instructions.ts";

/**
 * Walks over `count` float32 numbers, four at a time: `body` gets the number of lanes that count (4, less in the last round)
 * and finds its numbers at `pointer`, which moves on.
 */
export function eachVector(f: FunctionBuilder, pointer: Local, count: number, body: (lanes: number) => void): void {
  const full = Math.floor(count / 4), rest = count % 4;
  if (full > 0) {
    f.repeat(full, () => {
      body(4);
      f.set(pointer, i32.add(pointer.get, i32.const(16)));
    });
  }
  if (rest > 0) body(rest);
}

/** Calls `body` for each of `count` with a local that counts from 0. */
export function forEach(f: FunctionBuilder, count: number, body: (index: Local) => void): void {
  const index = f.let("i32", i32.const(0));
  f.countTo(index, i32.const(count), 1, () => body(index));
}
