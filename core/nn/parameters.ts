/** Parameters as a program holds them, and their way to and from a checkpoint. */
import { state, type Tensor } from "../graph.ts";
import { STREAMS, uniform } from "../random.ts";
import type { Session } from "../session.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { CONV_CHANNELS, type ModelSpec, type NamedTensor, type ParameterSpec, parameterSpecs } from "./model_spec.ts";

/** How a parameter lies in a program, where it is read along its last axis, and in a checkpoint, where PyTorch decides. */
interface Layout {
  /** Shape in a program. */
  shape: Shape;
  /** Place in the checkpoint of each element of the program. */
  placeOf?(index: number): number;
}

/**
 * Linear weights are `[in, out]` in a program and `[out, in]` in a checkpoint, kernels `[kh, kw, in, out]` and `[out, in, kh,
 * kw]`. Behind the convolutions, features count pixel by pixel with channels innermost, in a checkpoint channel by channel.
 */
function layoutOf({ name, shape }: ParameterSpec, spec: ModelSpec): Layout {
  if (shape.length === 1) return { shape };
  const [out, inputs] = shape;
  if (shape.length === 4) {
    const taps = shape[2] * shape[3];
    const placeOf = (i: number) => {
      const o = i % out, c = Math.floor(i / out) % inputs, tap = Math.floor(i / (out * inputs));
      return (o * inputs + c) * taps + tap;
    };
    return { shape: [shape[2], shape[3], inputs, out], placeOf };
  }
  const channels = spec.modelType === "ConvNN" && name === "head.0.weight" ? CONV_CHANNELS[1] : 1;
  const pixels = inputs / channels;
  const placeOf = (i: number) => {
    const o = i % out, feature = Math.floor(i / out);
    return o * inputs + (feature % channels) * pixels + Math.floor(feature / channels);
  };
  return { shape: [inputs, out], placeOf };
}

function toProgram(data: Float32Array, { placeOf }: Layout): Float32Array {
  return placeOf ? Float32Array.from(data, (_, i) => data[placeOf(i)]) : data;
}

function toCheckpoint(data: Float32Array, { placeOf }: Layout): Float32Array {
  if (!placeOf) return data;
  const result = new Float32Array(data.length);
  data.forEach((value, i) => result[placeOf(i)] = value);
  return result;
}

/** The parameters of a model as state, by name. */
export function parameterTensors(spec: ModelSpec): Map<string, Tensor> {
  return new Map(
    parameterSpecs(spec).map((parameter) => [parameter.name, state(parameter.name, layoutOf(parameter, spec).shape)]),
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
    session.write(parameter.name, toProgram(data, layoutOf(parameter, spec)));
  });
}

export async function readParameters(session: Session, spec: ModelSpec): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for (const parameter of parameterSpecs(spec)) {
    const { name, shape } = parameter;
    const data = await session.read(name) as Float32Array;
    tensors.push({ name, shape, data: toCheckpoint(data, layoutOf(parameter, spec)) });
  }
  return tensors;
}
