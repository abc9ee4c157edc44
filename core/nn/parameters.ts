/** Parameters as a program holds them, and their way to and from a checkpoint. */
import { state, type Tensor } from "../graph.ts";
import { STREAMS, uniform } from "../random.ts";
import type { Session } from "../session.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { type ModelSpec, type NamedTensor, type ParameterSpec, parameterSpecs } from "./model_spec.ts";

/** Linear weights are `[in, out]` here, where a product reads them along its columns, and `[out, in]` in a checkpoint. */
function isTransposed({ shape }: ParameterSpec): boolean {
  return shape.length === 2;
}

function programShape(spec: ParameterSpec): Shape {
  return isTransposed(spec) ? [...spec.shape].reverse() : spec.shape;
}

/** `[rows, columns]` → `[columns, rows]`. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column];
  }
  return result;
}

/** The parameters of a model as state, by name. */
export function parameterTensors(spec: ModelSpec): Map<string, Tensor> {
  return new Map(
    parameterSpecs(spec).map((parameter) => [parameter.name, state(parameter.name, programShape(parameter))]),
  );
}

/**
 * PyTorch's initial values for Linear and Conv2d: Kaiming uniform with a = √5 for weights, which comes to ±1/√fanIn, and the
 * same bounds for biases.
 */
export function initialParameters(spec: ModelSpec, seed: number): NamedTensor[] {
  return parameterSpecs(spec).map(({ name, shape, fanIn }, i) => ({
    name,
    shape,
    data: uniform(seed, STREAMS.initialisation + i, sizeOf(shape), 1 / Math.sqrt(fanIn)),
  }));
}

/** Fills a session's parameters from a checkpoint in the order and shapes of `parameterSpecs`. */
export function writeParameters(session: Session, spec: ModelSpec, weights: readonly NamedTensor[]): void {
  parameterSpecs(spec).forEach((parameter, i) => {
    const { data, shape } = weights[i];
    if (shape.join() !== parameter.shape.join()) {
      throw new Error(`${parameter.name} must have shape [${parameter.shape.join(", ")}], got [${shape.join(", ")}]`);
    }
    session.write(parameter.name, isTransposed(parameter) ? transposed(data, shape[0], shape[1]) : data);
  });
}

export async function readParameters(session: Session, spec: ModelSpec): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for (const parameter of parameterSpecs(spec)) {
    const { name, shape } = parameter;
    const data = await session.read(name) as Float32Array;
    tensors.push({ name, shape, data: isTransposed(parameter) ? transposed(data, shape[1], shape[0]) : data });
  }
  return tensors;
}
