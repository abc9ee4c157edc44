/** Runs test cases of ops, and whole programs, on backends to compare their results. */
import { gradients } from "../autodiff.ts";
import { referenceBackend } from "../backends/reference/backend.ts";
import { wasmBackend, type WasmOptions } from "../backends/wasm/backend.ts";
import { type Program, state, stateTypes, type Tensor, trace } from "../graph.ts";
import type { CaseInput, OpCase } from "../ops/cases.ts";
import { mul, sum } from "../ops/mod.ts";
import { threefry } from "../random.ts";
import type { Backend, Numbers, Session } from "../session.ts";
import { type DType, sizeOf } from "../shape.ts";
import { assertAllClose } from "./assert_all_close.ts";

/** Random values for an operand; each stream gives different values. */
export function drawInput({ shape, dtype = "f32", range = [-2, 2] }: CaseInput, stream: number): Numbers {
  const [min, max] = range;
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const value = min + (max - min) * (threefry(7, stream, i, 0)[0] / 2 ** 32);
    return dtype === "f32" ? value : Math.floor(value);
  });
  if (dtype === "f32") return Float32Array.from(values);
  return dtype === "i32" ? Int32Array.from(values) : Uint8Array.from(values);
}

/** The operands of a case, as state. */
export function inputTensors(inputs: readonly CaseInput[]): Tensor[] {
  return inputs.map(({ shape, dtype }, i) => state(`input${i}`, shape, dtype));
}

/** Computes a case's result and, if it is differentiable, the gradients of the loss Σ weights · result. */
export function caseProgram(opCase: OpCase): Program {
  return trace(() => {
    const inputs = inputTensors(opCase.inputs);
    const result = opCase.build(...inputs);
    if (result.op.gradient === null) return { updates: { result } };
    const loss = sum(mul(result, state("weights", result.shape)));
    const slopes = gradients(loss, inputs).map((slope, i) => [`gradient${i}`, slope] as const);
    return {
      updates: { result, ...Object.fromEntries(slopes.filter((_, i) => inputs[i].dtype === "f32")) },
      outputs: { loss },
    };
  });
}

/** Sets the state that `caseProgram` reads. */
export function writeInputs(session: Pick<Session, "write">, opCase: OpCase, program: Program): void {
  opCase.inputs.forEach((input, i) => session.write(`input${i}`, drawInput(input, i)));
  const weights = stateTypes([program]).get("weights");
  if (weights) session.write("weights", drawInput(weights, 99));
}

/** Runs a case on `backend` and returns the result and its gradients, by name. */
export async function runCase(opCase: OpCase, backend: Backend): Promise<Map<string, Numbers>> {
  const program = caseProgram(opCase);
  const session = await backend.open({ program });
  try {
    writeInputs(session, opCase, program);
    await session.run("program", 0, 1);
    // All at once: on WebGPU in Deno, waiting for one read takes as long as waiting for all.
    const names = [...program.updates.keys()];
    const values = await Promise.all(names.map((name) => session.read(name)));
    return new Map(names.map((name, i) => [name, values[i]]));
  } finally {
    session.close();
  }
}

/** Values of state, by name. */
export type InitialState = Readonly<Record<string, Numbers>>;

/** Random numbers in [−1, 1) for f32, or 1 … 255 for u8. A share of `1 − density` is replaced by 0. */
export function drawNumbers(dtype: DType, count: number, stream: number, density = 1): Numbers {
  if (dtype === "i32") throw new Error("random numbers cannot serve as indices: pass an initial value");
  const values = Array.from({ length: count }, (_, i) => {
    const [value, keep] = threefry(11, stream, i, 0);
    if (keep / 2 ** 32 >= density) return 0;
    return dtype === "f32" ? value / 2 ** 31 - 1 : 1 + value % 255;
  });
  return dtype === "f32" ? Float32Array.from(values) : Uint8Array.from(values);
}

const STEPS = 2;

/** Every state that the program updates, after two steps on `backend`. State that `initial` leaves out is random. */
async function finalState(program: Program, initial: InitialState, backend: Backend): Promise<Map<string, Numbers>> {
  const session = await backend.open({ program });
  try {
    [...stateTypes([program])].forEach(([name, { dtype, shape }], stream) => {
      session.write(name, initial[name] ?? drawNumbers(dtype, sizeOf(shape), stream));
    });
    await session.run("program", 0, STEPS);
    const names = [...program.updates.keys()];
    return new Map(await Promise.all(names.map(async (name) => [name, await session.read(name)] as const)));
  } finally {
    session.close();
  }
}

/**
 * Asserts that WASM agrees with the reference: with fused multiply-add, without it, and on three threads. These stay
 * for the next program, because starting them takes longer than most programs; the test file closes them at its end.
 */
export async function assertLikeReference(
  program: Program,
  initial: InitialState = {},
  tolerance = { relative: 1e-5, absolute: 1e-5 },
): Promise<void> {
  const expected = await finalState(program, initial, referenceBackend);
  const variants: WasmOptions[] = [{ relaxedFma: true }, { relaxedFma: false }, { threads: 3 }];
  for (const options of variants) {
    const actual = await finalState(program, initial, wasmBackend(options));
    for (const [name, values] of expected) {
      assertAllClose(actual.get(name)!, values, tolerance, `${name}, ${JSON.stringify(options)}`);
    }
  }
}
