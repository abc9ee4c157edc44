/** Runs test cases of ops on a backend. */
import { gradients } from "../autodiff.ts";
import { type Program, state, stateTypes, type Tensor, trace } from "../graph.ts";
import type { CaseInput, OpCase } from "../ops/cases.ts";
import { mul, sum } from "../ops/mod.ts";
import { threefry } from "../random.ts";
import type { Backend, Numbers, Session } from "../session.ts";
import { sizeOf } from "../shape.ts";

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
