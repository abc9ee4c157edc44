/** The parameters of a model in a program, converted to and from their layout in a `.pth` file. */
import { state, type StateHints, type Tensor } from "../graph.ts";
import { STREAMS, uniform } from "../random.ts";
import type { Session } from "../session.ts";
import { sameShape, sizeOf } from "../shape.ts";
import { type ModelSpec, type NamedTensor, type ParameterLayout, parameterSpecs } from "./spec.ts";

/** Calls `visit` with the position of each element in a program and in PyTorch. */
function walk({ view: [a, b, c] }: ParameterLayout, visit: (program: number, pytorch: number) => void): void {
  let program = 0;
  for (let k = 0; k < c; k++) {
    for (let j = 0; j < b; j++) {
      for (let i = 0; i < a; i++) visit(program++, (i * b + j) * c + k);
    }
  }
}

function toProgram(data: Float32Array, layout: ParameterLayout): Float32Array {
  const result = new Float32Array(data.length);
  walk(layout, (program, pytorch) => result[program] = data[pytorch]);
  return result;
}

function toPyTorch(data: Float32Array, layout: ParameterLayout): Float32Array {
  const result = new Float32Array(data.length);
  walk(layout, (program, pytorch) => result[pytorch] = data[program]);
  return result;
}

/** The parameters of a model as state of a program, by name. */
export function parameterTensors(spec: ModelSpec, hints?: StateHints): Map<string, Tensor> {
  return new Map(
    parameterSpecs(spec).map(({ name, layout }) => [name, state(name, layout.shape, "f32", hints)]),
  );
}

/**
 * PyTorch's initial values for Linear and Conv2d: Kaiming uniform with a = √5 for weights, which amounts to ±1/√fanIn,
 * and the same bounds for biases. They depend on `seed` alone.
 */
export function initialParameters(spec: ModelSpec, seed: number): NamedTensor[] {
  return parameterSpecs(spec).map(({ name, shape, fanIn }, i) => ({
    name,
    shape,
    data: uniform(seed, STREAMS.initialisation + i, sizeOf(shape), 1 / Math.sqrt(fanIn)),
  }));
}

/**
 * Fills a session's parameters.
 *
 * @param weights in the order and shapes of `parameterSpecs`
 * @param before the tensors that the session already holds; those with the same numbers are not written again
 * @throws {Error} for a tensor of another shape
 */
export function writeParameters(
  session: Session,
  spec: ModelSpec,
  weights: readonly NamedTensor[],
  before: readonly NamedTensor[] = [],
): void {
  parameterSpecs(spec).forEach(({ name, shape: expected, layout }, i) => {
    const { data, shape } = weights[i];
    if (before.at(i)?.data === data) return;
    if (!sameShape(shape, expected)) {
      throw new Error(`${name} must have shape [${expected.join(", ")}], got [${shape.join(", ")}]`);
    }
    session.write(name, toProgram(data, layout));
  });
}

/** A session's parameters in the order and shapes of `parameterSpecs`. */
export async function readParameters(session: Session, spec: ModelSpec): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for (const { name, shape, layout } of parameterSpecs(spec)) {
    const data = await session.read(name) as Float32Array;
    tensors.push({ name, shape, data: toPyTorch(data, layout) });
  }
  return tensors;
}
