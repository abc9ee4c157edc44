/** Defines a WebAssembly kernel and the location of its operands. */
import type { Code, FunctionBuilder, Local } from "./assembler/function_builder.ts";
import { i32 } from "./assembler/instructions.ts";

/** Where an operand begins: at byte `base + offset` of the memory. `base` is 0 if undefined. */
export interface Address {
  readonly base?: Local;
  readonly offset: number;
}

/** The dynamic part of an address, `address.base + bytes`. The instruction adds the static part, `address.offset`. */
export function baseOf(address: Address, bytes?: Code): Code {
  if (address.base === undefined) return bytes ?? i32.const(0);
  return bytes === undefined ? address.base.get : i32.add(address.base.get, bytes);
}

/** A loop over independent work items, which threads divide among themselves. */
export interface WasmKernel {
  /** Number of work items. Each writes its own bytes, so the result does not depend on which thread runs which item. */
  readonly extent: number;
  /**
   * About how many vector operations all work items take together. Undefined if they are few, or if every call repeats
   * much of the work; then each thread gets an equal share, and there is no stealing.
   */
  readonly work?: number;
  /** About how many vector operations each call of `emit`'s code needs before its first work item, 0 by default. */
  readonly setUp?: number;
  /** Bytes of scratch memory that each thread needs. */
  readonly scratchBytes?: number;
  /** Emits code that runs the work items `from` (included) to `to` (excluded). */
  emit(f: FunctionBuilder, at: KernelOperands): void;
}

/** The operands of a kernel's code. */
export interface KernelOperands {
  readonly from: Local;
  readonly to: Local;
  readonly inputs: readonly Address[];
  readonly output: Address;
  /** Address of this thread's scratch memory. */
  readonly scratch: Local;
}
