import assert from "node:assert/strict";
import { FunctionBuilder } from "../../codegen/wasm/assembler/function_builder.ts";
import { i32 } from "../../codegen/wasm/assembler/instructions.ts";
import { type Code, unsigned } from "../../codegen/wasm/assembler/encoding.ts";
import { UnsafeCodeError } from "../../codegen/wasm/verifier/contract.ts";
import { ACCESSES, OP, readInstruction } from "../../codegen/wasm/verifier/decode.ts";
import type { Program } from "../../graph.ts";
import { stateTypes } from "../../graph.ts";
import { bytesOf, sizeOf } from "../../shape.ts";
import { viewOf } from "../../session.ts";
import { Dice } from "../../testing/fuzz.ts";
import { wasmBackend } from "./backend.ts";
import { PROGRAMS } from "./unsafe_code_testing.ts";

const MUTANTS = Deno.env.get("LAB_LONG") ? 4000 : 400;
/** Programs are small, so all of their buffers end before this address. */
const UNUSED_FROM = 512 * 1024;
const CANARY = 0xa5;

/** The code with one constant, or the offset of one access, replaced. */
function mutate(code: Code, dice: Dice): Code {
  const places: { at: number; end: number; other: Code }[] = [];
  for (let at = 0; at < code.length;) {
    const { op, value, end } = readInstruction(code, at), access = ACCESSES.get(op);
    const other = dice.pick([value + 1, value + 4, value + 16, value + 64, 2 * value, 3 * value, value + UNUSED_FROM]);
    if (op === OP.i32Const) places.push({ at, end, other: i32.const(other) });
    if (access && !access.hasLane) {
      const offset = unsigned(value).length;
      places.push({ at: end - offset, end, other: unsigned(other) });
    }
    at = end;
  }
  if (places.length === 0) return code;
  const { at, end, other } = dice.pick(places);
  return [...code.slice(0, at), ...other, ...code.slice(end)];
}

/** Runs a step of a program, one of whose functions is mutated; "refused" if it is not even compiled. */
async function runMutant(program: Program, dice: Dice): Promise<"refused" | "ran"> {
  const descriptor = Object.getOwnPropertyDescriptor(FunctionBuilder.prototype, "code")!;
  const { instantiate } = WebAssembly, mutants = new Map<FunctionBuilder, Code>();
  let memory: WebAssembly.Memory | undefined;
  Object.defineProperty(FunctionBuilder.prototype, "code", {
    get(this: FunctionBuilder) {
      const code = descriptor.get!.call(this) as Code;
      // A mutant of every third function, so that some programs are mutated once and some more often.
      if (!mutants.has(this)) mutants.set(this, dice.below(3) === 0 ? mutate(code, dice) : code);
      return mutants.get(this);
    },
  });
  WebAssembly.instantiate = ((module: WebAssembly.Module, imports: { env: { memory: WebAssembly.Memory } }) => {
    memory = imports.env.memory;
    return instantiate(module, imports as unknown as WebAssembly.Imports);
  }) as typeof instantiate;
  try {
    const session = await wasmBackend().open({ program });
    const bytes = new Uint8Array(memory!.buffer);
    bytes.fill(CANARY, UNUSED_FROM);
    bytes.fill(CANARY, 0, 64);
    const before = new Map<string, Uint8Array>();
    for (const [name, type] of stateTypes([program])) {
      const values = dice.bytes(Math.ceil(bytesOf(type) / 4) * 4).map((byte) => byte & dice.pick([0, 1, 255]));
      if (type.dtype === "i32") values.forEach((_, i) => values[i] = i % 4 === 0 ? dice.below(9) : 0);
      before.set(name, values);
      session.write(name, viewOf(values.buffer, type.dtype, 0, sizeOf(type.shape)));
    }
    try {
      await session.run("program", 0, 1);
    } catch (error) {
      // Not V8's "memory access out of bounds".
      assert.match(
        ((error as Error).cause as Error).message,
        /^unreachable|unaligned accesses|(divide|remainder) by zero/,
      );
    }
    assert.ok(bytes.subarray(UNUSED_FROM).every((byte) => byte === CANARY), "bytes behind the buffers were written");
    assert.ok(bytes.subarray(0, 64).every((byte) => byte === CANARY), "bytes in front of the buffers were written");
    for (const [name, type] of stateTypes([program])) {
      if (program.updates.has(name)) continue;
      const values = await session.read(name),
        expected = viewOf(before.get(name)!.buffer, type.dtype, 0, values.length);
      const asBytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      assert.deepEqual(asBytes(values), asBytes(expected), `state ${name}, which no item updates, was written`);
    }
    session.close();
    return "ran";
  } catch (error) {
    if (error instanceof UnsafeCodeError) return "refused";
    throw error;
  } finally {
    WebAssembly.instantiate = instantiate;
    Object.defineProperty(FunctionBuilder.prototype, "code", descriptor);
  }
}

// Without V8's checks a mutant that is wrongly accepted would write into the process.
const isUnchecked = (Deno.env.get("DENO_V8_FLAGS") ?? "").includes("no-wasm-bounds-checks");

Deno.test({
  name: `mutants of the kernels are refused, or stay within their memory (${MUTANTS} mutants)`,
  ignore: isUnchecked,
  async fn() {
    const seed = Number(Deno.env.get("FUZZ_SEED") ?? Date.now() % 2 ** 31);
    const programs = Object.entries(PROGRAMS).filter(([name]) => name !== "pooled" || MUTANTS > 400);
    const counts = { refused: 0, ran: 0 };
    for (let i = 0; i < MUTANTS; i++) {
      const [name, program] = programs[i % programs.length];
      try {
        counts[await runMutant(program(), new Dice(seed + i))]++;
      } catch (error) {
        throw new Error(`mutant ${i} of ${name}, FUZZ_SEED=${seed}`, { cause: error });
      }
    }
    // Both must happen: a verifier that accepts or refuses everything would prove nothing here.
    assert.ok(counts.refused > MUTANTS / 10 && counts.ran > MUTANTS / 10, JSON.stringify(counts));
  },
});
