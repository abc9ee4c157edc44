/**
 * How V8 runs WebAssembly: whether it compares each address with the size of the memory (ADR 20), and how wide its
 * vectors are (ADR 22). These are flags of the process, fixed when it starts, so the program that starts the process
 * sets them and says in the first argument whether addresses are compared. The size of V8's young heap is another flag of
 * this kind.
 */

/** `on`: V8 compares. `off`: it does not, and `core/codegen/wasm/` proves or makes every module safe. */
export type WasmChecks = "on" | "off";

/** The values of `WASM_CHECKS`. */
export const WASM_CHECKS = ["on", "off"] as const satisfies readonly WasmChecks[];

/** Bits of a vector. `256`: V8 joins neighbouring operations on 128 bits into one if the processor can. */
export type WasmVectors = "128" | "256";

/** The values of `WASM_VECTORS`. */
export const WASM_VECTORS = ["128", "256"] as const satisfies readonly WasmVectors[];

/** How a process runs WebAssembly. */
export interface WasmMode {
  wasmChecks: WasmChecks;
  wasmVectors: WasmVectors;
}

/** The mode of a process without flags for WebAssembly. */
export const PLAIN_MODE: WasmMode = { wasmChecks: "on", wasmVectors: "128" };

const OFF_ARGUMENT = "--wasm-checks=off";

/**
 * Each thread's space for young objects, in MiB, of which V8 keeps three. Left alone it grows to 32 MiB under load and is
 * not given back, and buffers outside the heap pile up until such a space is full (ADR 21).
 */
const YOUNG_SPACE_MIB = 4;

/** V8's own flags for a mode. */
export function v8Flags({ wasmChecks, wasmVectors }: WasmMode): string[] {
  return [
    `--max-semi-space-size=${YOUNG_SPACE_MIB}`,
    ...(wasmChecks === "off" ? ["--no-wasm-bounds-checks"] : []),
    ...(wasmVectors === "256" ? ["--experimental-wasm-revectorize"] : []),
  ];
}

/** Flags of `deno run` and `deno compile` for a mode. */
export function modeFlags(mode: WasmMode): string[] {
  return [`--v8-flags=${v8Flags(mode).join(",")}`];
}

/** First arguments of the script that runs in a mode. */
export function checksArguments({ wasmChecks }: WasmMode): string[] {
  return wasmChecks === "off" ? [OFF_ARGUMENT] : [];
}

/** The value with which this process was started. */
export const wasmChecks: WasmChecks = Deno.args[0] === OFF_ARGUMENT ? "off" : "on";

/** This process's arguments without the one for these checks. */
export const ownArguments: readonly string[] = Deno.args.slice(wasmChecks === "off" ? 1 : 0);
