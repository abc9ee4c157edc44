import assert from "node:assert/strict";
import { FunctionBuilder } from "../../codegen/wasm/assembler/function_builder.ts";
import { i32, v128 } from "../../codegen/wasm/assembler/instructions.ts";
import { UnsafeCodeError } from "../../codegen/wasm/verifier/contract.ts";
import { closeThreads, wasmBackend, type WasmOptions } from "./backend.ts";
import { PROGRAMS } from "./unsafe_code_testing.ts";

/** How often code was changed. */
let changes = 0;

/**
 * The result of opening a session while the assembler is tampered with, and whether anything was compiled meanwhile.
 */
async function openTampered(program: string, tamper: Tamper, options: WasmOptions = {}) {
  const { compile } = WebAssembly;
  let compiled = 0;
  WebAssembly.compile = (bytes) => {
    compiled++;
    return compile(bytes);
  };
  const restore = tamper();
  try {
    const session = await wasmBackend(options).open({ program: PROGRAMS[program]() });
    session.close();
    return { compiled };
  } catch (error) {
    return { error: error as Error, compiled };
  } finally {
    restore();
    WebAssembly.compile = compile;
  }
}

/** Changes the assembler; returns a function that undoes it. */
type Tamper = () => () => void;

/** Replaces a method of `FunctionBuilder` for functions whose name ends in `kernel`. */
function method<K extends "requireBelow" | "repeat" | "countTo" | "call">(
  name: K,
  kernel: string,
  change: (f: FunctionBuilder, original: FunctionBuilder[K], ...args: Parameters<FunctionBuilder[K]>) => void,
): Tamper {
  return () => {
    const original = FunctionBuilder.prototype[name];
    FunctionBuilder.prototype[name] = function (this: FunctionBuilder, ...args: Parameters<FunctionBuilder[K]>) {
      const bound = original.bind(this) as FunctionBuilder[K];
      if (this.name.endsWith(kernel)) {
        changes++;
        change(this, bound, ...args);
      } else (bound as (...args: Parameters<FunctionBuilder[K]>) => void)(...args);
    } as FunctionBuilder[K];
    return () => FunctionBuilder.prototype[name] = original;
  };
}

/** Bounds of indices from memory, too large by `more`. */
const looseBound = (kernel: string, more: number) =>
  method("requireBelow", kernel, (_, original, index, count) => original(index, count + more));
const noBound = (kernel: string) => method("requireBelow", kernel, () => {});
/** Loops that run once too often. */
const longRepeat = (kernel: string) =>
  method("repeat", kernel, (_, original, count, body) => original(count + 1, body));
const longCount = (kernel: string) =>
  method("countTo", kernel, (_, original, index, end, step, body) => {
    original(index, i32.add(end, i32.const(step)), step, body);
  });

/** Stores that are `bytes` too far. */
const farStore = (bytes: number): Tamper => () => {
  const { store } = v128;
  v128.store = (address, offset, ...values) => {
    changes++;
    return store(address, offset + bytes, ...values);
  };
  return () => v128.store = store;
};

/** Code of one kernel in which a constant is replaced. */
const otherConstant = (kernel: string, from: number, to: number): Tamper => () => {
  const descriptor = Object.getOwnPropertyDescriptor(FunctionBuilder.prototype, "code")!;
  const [before, after] = [i32.const(from), i32.const(to)].map((code) => code.join());
  Object.defineProperty(FunctionBuilder.prototype, "code", {
    get(this: FunctionBuilder) {
      const code = descriptor.get!.call(this) as number[];
      if (!this.name.endsWith(kernel)) return code;
      changes++;
      const text = `,${code.join()},`;
      assert.ok(text.includes(`,${before},`), `${this.name} has no constant ${from}`);
      return text.replaceAll(`,${before},`, `,${after},`).slice(1, -1).split(",").map(Number);
    },
  });
  return () => Object.defineProperty(FunctionBuilder.prototype, "code", descriptor);
};

/**
 * An argument, such as the address of scratch memory or the number of a work item, that is off by `more` in every call
 * of a kernel.
 */
const otherArgument = (kernel: string, argument: number, more: number, options: WasmOptions = {}): Tampering => ({
  tamper: method("call", "run", (f, original, callee, ...operands) => {
    const changed = operands.map((code, i) =>
      i === argument && operands.length === 4 ? i32.add(code, i32.const(more)) : code
    );
    original.call(f, callee, ...changed);
  }),
  program: kernel,
  options,
});

interface Tampering {
  program: string;
  tamper: Tamper;
  options?: WasmOptions;
}

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  "a label of 10": { program: "oneHot", tamper: looseBound("oneHot", 1) },
  "a label that is not bounded": { program: "oneHot", tamper: noBound("oneHot") },
  "a row behind the last of a table": { program: "takeRows", tamper: looseBound("takeRows", 4) },
  "a slice that begins too late": { program: "slice", tamper: looseBound("slice", 60) },
  "a row of sparse images that is not bounded": { program: "sparse", tamper: noBound("takeSparseRows") },
  "a row of a sparse matrix with too many entries": { program: "sparse", tamper: looseBound("sparseMatmul", 40) },
  "columns of sparse entries that are not bounded": { program: "sparse", tamper: noBound("transposeSparse") },
  "lists of filters that are too long": { program: "pooled", tamper: looseBound("pooledInputGradient", 2 ** 20) },
  "pixels of an image that are too far": { program: "pooled", tamper: looseBound("pooledWeightGradient", 2 ** 20) },
  "elements that are stored one vector too far": { program: "add", tamper: farStore(16) },
  "a tile that is stored too far": { program: "matmul", tamper: farStore(64) },
  "windows that are stored too far": { program: "maxPool2d", tamper: farStore(64) },
  "masks that are stored too far": { program: "dropoutMask", tamper: farStore(64) },
  "a loop over the depth of a product that is one too long": { program: "matmul", tamper: longRepeat("matmul") },
  "a loop over a row that is one too long": { program: "logSoftmax", tamper: longRepeat("logSoftmax") },
  "a loop over windows that is one too long": { program: "maxPool2d", tamper: longRepeat("maxPool2d") },
  "a loop over an image's windows that is one too long": {
    program: "singleChannel",
    tamper: longRepeat("singleChannelConvPool"),
  },
  "a loop over tiles of an image that is one too long": { program: "pooled", tamper: longRepeat("winogradConv") },
  "a loop over elements that is one too long": { program: "add", tamper: longCount("add") },
  "a loop over rows that is one too long": { program: "argmax", tamper: longCount("argmax") },
  "a loop over filters that is one too long": { program: "pooled", tamper: longCount("reluPool") },
  "rows of a sum beyond the last": { program: "sumRows", tamper: otherConstant("sum", 20, 32) },
  "a stride that is twice as large": { program: "sumColumns", tamper: otherConstant("sum", 256, 512) },
  "a stride of kernels that is twice as large": {
    program: "flipKernels",
    tamper: otherConstant("flipKernels", 32, 64),
  },
  "an image that is twice as large": {
    program: "conv2d",
    tamper: otherConstant("conv2d", 8 * 8 * 2 * 4, 8 * 8 * 4 * 4),
  },
  "pixels that are too far apart": { program: "subsample", tamper: otherConstant("subsample", 2, 5) },
  "work items from the second on, and one too many": otherArgument("add", 1, 1),
  "work items before the first": otherArgument("matmul", 0, -1),
  "a row of the table of steps that is not there": otherArgument("slice", 2, 4),
  "the scratch memory of another thread": otherArgument("conv2d", 3, 64, { threads: 2 }),
};

Deno.test("code that may leave its memory is refused before anything is compiled", async (t) => {
  for (const [name, { program, tamper, options }] of Object.entries(TAMPERINGS)) {
    await t.step(name, async () => {
      const untouched = await openTampered(program, () => () => {}, options);
      assert.equal(untouched.error, undefined);
      changes = 0;
      const { error, compiled } = await openTampered(program, tamper, options);
      assert.ok(changes > 0, "nothing was changed");
      assert.ok(error instanceof UnsafeCodeError, `${error ?? "it was accepted"}`);
      assert.match(error.message, /^function \S+ cannot be shown to be safe: /);
      assert.equal(compiled, 0);
    });
  }
  closeThreads();
});

Deno.test("an index from memory that is out of range ends the run, not the process", async (t) => {
  const cases: [string, string, Int32Array][] = [
    ["oneHot", "classes", Int32Array.of(0, 1, 2, 10, 4, 5, 6, 7)],
    ["oneHot", "classes", Int32Array.of(0, 1, 2, -1, 4, 5, 6, 7)],
    ["takeRows", "rows", Int32Array.of(0, 1, 2, 20, 4, 5, 6, 7)],
    ["takeRows", "rows", Int32Array.of(0, 1, 2, 2 ** 31 - 1, 4, 5, 6, 7)],
    ["sparse", "rows", Int32Array.of(0, 1, 2, 9, 4, 5, 6)],
    ["sparse", "rows", Int32Array.of(0, 1, 2, -(2 ** 31), 4, 5, 6)],
  ];
  for (const [program, name, values] of cases) {
    await t.step(`${program}: ${values}`, async () => {
      const session = await wasmBackend().open({ program: PROGRAMS[program]() });
      session.write(name, values);
      await assert.rejects(async () => await session.run("program", 0, 1), RangeError);
      session.close();
    });
  }
  await t.step("a step that begins in front of the list or behind it", async () => {
    for (const step of [-1, 32]) {
      const session = await wasmBackend({ threads: 2 }).open({ program: PROGRAMS.slice() });
      await session.run("program", 31, 1);
      await assert.rejects(async () => await session.run("program", step, 1), RangeError);
      session.close();
    }
    closeThreads();
  });
});
