/** The code of a module's functions, proved or made to stay within its memory. */
import type { Code } from "../assembler/encoding.ts";
import type { FunctionBuilder } from "../assembler/function_builder.ts";
import { type Contract, UnsafeCodeError } from "./contract.ts";
import { withExplicitChecks } from "./explicit_checks.ts";
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
