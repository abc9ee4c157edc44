/** The code of a module's functions, proved or made to stay within its memory. */
import { type Code, unsigned } from "../assembler/encoding.ts";
import type { FunctionBuilder, Local, ValueType } from "../assembler/function_builder.ts";
import { i32, trap } from "../assembler/instructions.ts";
import { type Contract, UnsafeCodeError } from "./contract.ts";
import { ACCESSES, readInstruction } from "./decode.ts";
import { type VerifiedFunction, verifyFunctions } from "./verify.ts";

/**
 * The code of `functions` in a memory of `bytes` bytes: a function with a contract is unchanged once it has been proved
 * to keep it, and every other function has a check before each access. `exported` holds indices of functions.
 * @throws {UnsafeCodeError} when a function cannot be shown to keep to its contract.
 */
export function safeCodes(
  functions: readonly FunctionBuilder[],
  contracts: readonly (Contract | undefined)[],
  exported: readonly number[],
  bytes: number,
): Code[] {
  const verified = functions.map((f, i): VerifiedFunction => {
    const contract = contracts[i];
    if (contract && contract.arguments.length !== f.params.length) {
      throw new UnsafeCodeError(`the contract of function ${f.name} leaves out a parameter`);
    }
    if (contract && exported.includes(i) && contract.arguments.some((range) => range !== undefined)) {
      throw new UnsafeCodeError(`function ${f.name} is exported, so its arguments may be anything`);
    }
    return { name: f.name, code: f.code, localTypes: f.localTypes, contract };
  });
  verifyFunctions(verified, bytes);
  return functions.map((f, i) => contracts[i] === undefined ? withExplicitChecks(f, bytes) : f.code);
}

const IF = 0x04, EMPTY = 0x40, END = 0x0b, LOCAL_SET = 0x21;

/**
 * The function's code with a comparison before each access, which traps unless the access is within a memory of
 * `memoryBytes` bytes. Declares locals of the function for this.
 */
function withExplicitChecks(f: FunctionBuilder, memoryBytes: number): Code {
  const code = f.code, checked: number[] = [], address = f.local("i32"), locals = new Map<string, Local>();
  const append = (...parts: Code[]) => {
    for (const part of parts) for (const byte of part) checked.push(byte);
  };
  const take = (local: Local) => append([LOCAL_SET, ...unsigned(local.index)]);
  for (let at = 0; at < code.length;) {
    const { op, value: offset, end } = readInstruction(code, at), access = ACCESSES.get(op);
    const instruction = code.slice(at, end);
    at = end;
    if (access !== undefined) {
      // The operands are above the address on the stack.
      const operands = access.operands.map((type, i) => localFor(f, locals, type, i));
      operands.toReversed().forEach(take);
      take(address);
      const last = memoryBytes - offset - access.bytes;
      if (last < 0) append(trap);
      append(i32.gtU(address.get, i32.const(last)), [IF, EMPTY], trap, [END], address.get);
      append(...operands.map((operand) => operand.get));
    }
    append(instruction);
  }
  return checked;
}

function localFor(f: FunctionBuilder, locals: Map<string, Local>, type: ValueType, index: number): Local {
  const key = `${type} ${index}`, local = locals.get(key) ?? f.local(type);
  locals.set(key, local);
  return local;
}
