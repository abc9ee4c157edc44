/**
 * Whether V8 compares each address that WebAssembly uses with the size of its memory (ADR 20). That is a flag of the
 * process, fixed when it starts, so whoever starts the process sets it and says so in the first argument.
 */

/** `on`: V8 compares. `off`: it does not, and every module is shown or made to be safe by `core/codegen/wasm/`. */
export type WasmChecks = "on" | "off";

/** The values of `WASM_CHECKS`. */
export const WASM_CHECKS = ["on", "off"] as const satisfies readonly WasmChecks[];

const OFF_ARGUMENT = "--wasm-checks=off";

/** Flags of `deno run` and `deno compile`. */
export function v8Flags(checks: WasmChecks): string[] {
  return checks === "off" ? ["--v8-flags=--no-wasm-bounds-checks"] : [];
}

/** First arguments of the script that runs with `v8Flags`. */
export function checksArguments(checks: WasmChecks): string[] {
  return checks === "off" ? [OFF_ARGUMENT] : [];
}

/** What this process was started with. */
export const wasmChecks: WasmChecks = Deno.args[0] === OFF_ARGUMENT ? "off" : "on";

/** This process's arguments without what says so. */
export const ownArguments: readonly string[] = Deno.args.slice(wasmChecks === "off" ? 1 : 0);
