/** Assembles functions into a WebAssembly module. */
import { unsigned, utf8, vector } from "./encoding.ts";
import type { Contract } from "../verifier/contract.ts";
import { safeCodes } from "../verifier/safe_codes.ts";
import { FunctionBuilder, typeCode, type ValueType, type WasmFeatures } from "./function_builder.ts";

/** Bytes of a page, the unit of memory sizes. */
export const PAGE_BYTES = 64 * 1024;

/** Assembles a module of functions without results that use one imported memory, `env.memory`. */
export class ModuleBuilder {
  readonly #functions: FunctionBuilder[] = [];
  readonly #exported: number[] = [];
  readonly #contracts: (Contract | undefined)[] = [];

  constructor(readonly features: WasmFeatures) {}

  /**
   * Adds a function whose body `write` fills in, and returns its index, which other functions use to call it.
   * `contractOf` says what it may touch, after it is written; a function without it checks each of its accesses as it
   * runs.
   */
  addFunction(
    name: string,
    params: readonly ValueType[],
    write: (f: FunctionBuilder) => void,
    options: { exported?: boolean; contractOf?: () => Contract } = {},
  ): number {
    const builder = new FunctionBuilder(name, params, this.features);
    write(builder);
    const index = this.#functions.length;
    this.#functions.push(builder);
    this.#contracts.push(options.contractOf?.());
    if (options.exported) this.#exported.push(index);
    return index;
  }

  /**
   * The binary module. Whatever is called with whatever arguments, it touches no byte outside its memory, even where
   * the WebAssembly engine does not check, as Deno's may: functions with a contract are shown to keep to it, and the
   * others check each access themselves.
   *
   * It imports a memory of exactly `pages` pages: if the memory could grow, V8 would read its size again after each
   * store to check the next access.
   * @throws {UnsafeCodeError} when a function cannot be proved to keep its contract.
   */
  encode({ pages, shared }: { pages: number; shared: boolean }): Uint8Array<ArrayBuffer> {
    // Only Deno can run without the engine's checks. Builds of the pages drop the verifier.
    const codes = globalThis.Deno === undefined
      ? this.#functions.map((f) => f.code)
      : safeCodes(this.#functions, this.#contracts, this.#exported, pages * PAGE_BYTES);
    const limits = [shared ? 0x03 : 0x01, ...unsigned(pages), ...unsigned(pages)];
    const types = this.#functions.map((f) => [0x60, ...vector(f.params.map((p) => [typeCode(p.type)])), 0]);
    const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
    const parts: number[][] = [
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, vector(types)),
      section(2, vector([[...utf8("env"), ...utf8("memory"), 0x02, ...limits]])),
      section(3, vector(this.#functions.map((_, i) => unsigned(i)))),
      section(7, vector(this.#exported.map((i) => [...utf8(this.#functions[i].name), 0x00, ...unsigned(i)]))),
      section(10, vector(this.#functions.map((f, i) => f.encode(codes[i])))),
      section(0, [
        ...utf8("name"),
        ...section(1, vector(this.#functions.map((f, i) => [...unsigned(i), ...utf8(f.name)]))),
      ]),
    ];
    return Uint8Array.from(parts.flat());
  }
}

/** What this WebAssembly engine supports, found by validating a module that uses it. */
export function detectFeatures(): WasmFeatures {
  const builder = new ModuleBuilder({ relaxedFma: true });
  builder.addFunction("probe", ["v128"], (f) => {
    const x = f.params[0].get;
    f.set(f.params[0], f.multiplyAdd(x, x, x));
  });
  return { relaxedFma: WebAssembly.validate(builder.encode({ pages: 1, shared: false })) };
}
