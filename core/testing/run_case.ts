/** Draws a case's inputs and runs it on a backend. */
import { state, type Tensor, trace } from "../graph.ts";
import type { CaseInput, OpCase } from "../ops/cases.ts";
import { threefry } from "../random.ts";
import type { Backend, Numbers } from "../session.ts";
import { sizeOf } from "../shape.ts";

export function drawInput({ shape, dtype = "f32", range = [-2, 2] }: CaseInput, stream: number): Numbers {
  const [min, max] = range;
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const value = min + (max - min) * (threefry(7, stream, i, 0)[0] / 2 ** 32);
    return dtype === "f32" ? value : Math.floor(value);
  });
  if (dtype === "f32") return Float32Array.from(values);
  return dtype === "i32" ? Int32Array.from(values) : Uint8Array.from(values);
}

export function inputTensors(inputs: readonly CaseInput[]): Tensor[] {
  return inputs.map(({ shape, dtype }, i) => state(`input${i}`, shape, dtype));
}

/** The result of `build` over the case's inputs, as `backend` computes it. */
export async function runCase({ inputs, build }: OpCase, backend: Backend): Promise<Numbers> {
  const program = trace(() => ({ updates: { result: build(...inputTensors(inputs)) } }));
  const session = await backend.open({ program });
  try {
    inputs.forEach((input, i) => {
      // A view that passes its input on leaves the input itself out of the program's state.
      session.write(`input${i}`, drawInput(input, i));
    });
    await session.run("program", 0, 1);
    return await session.read("result");
  } finally {
    session.close();
  }
}
