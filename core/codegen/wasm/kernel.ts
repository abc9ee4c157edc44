import type { Code } from "./assembler/function_builder.ts";
import { i32 } from "./assembler/instructions.ts";
import type { Address } from "../../op.ts";

/** The dynamic part of an address, `address.base + bytes`; the static part, `address.offset`, goes into the instruction. */
export function baseOf(address: Address, bytes?: Code): Code {
  if (address.base === undefined) return bytes ?? i32.const(0);
  return bytes === undefined ? address.base.get : i32.add(address.base.get, bytes);
}
