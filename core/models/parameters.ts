/** Parameters as a program holds them, and their way to and from a checkpoint. */
import { state, type StateHints, type Tensor } from "../graph.ts";
import { STREAMS, uniform } from "../random.ts";
import type { Session } from "../session.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { CONV_CHANNELS, type ModelSpec, type NamedTensor, type ParameterSpec, parameterSpecs } from "./model_spec.ts";

/** How a parameter lies in a program, where it is read along its last axis, and in a checkpoint, where PyTorch decides. */
interface Layout {
  /** Shape in a program. */
  shape: Shape;
  /** The elements of the program in order, as a walk over four nested extents, and each one's stride in the checkpoint. */
  extents: readonly [number, number, number, number];
  strides: readonly [number, number, number, number];
}

/**
 * Linear weights are `[in, out]` in a program and `[out, in]` in a checkpoint, kernels `[kh, kw, in, out]` and `[out, in, kh,
 * kw]`. Behind the convolutions, features count pixel by pixel with channels innermost, in a checkpoint channel by channel.
 */
function layoutOf({ name, shape }: ParameterSpec, spec: ModelSpec): Layout {
  const [out, inputs, kh, kw] = shape;
  if (shape.length === 1) return { shape, extents: [1, 1, 1, out], strides: [0, 0, 0, 1] };
  if (shape.length === 4) {
    const extents = [kh, kw, inputs, out] as const;
    return { shape: extents, extents, strides: [kw, 1, kh * kw, inputs * kh * kw] };
  }
  const channels = spec.modelType === "ConvNN" && name === "head.0.weight" ? CONV_CHANNELS[1] : 1;
  const pixels = inputs / channels;
  return { shape: [inputs, out], extents: [1, pixels, channels, out], strides: [0, 1, pixels, inputs] };
}

/** Calls `visit` with the place of each element in the program and in the checkpoint. */
function walk({ extents, strides }: Layout, visit: (program: number, checkpoint: number) => void): void {
  const [e0, e1, e2, e3] = extents, [s0, s1, s2, s3] = strides;
  let place = 0;
  for (let i = 0; i < e0; i++) {
    for (let j = 0; j < e1; j++) {
      for (let k = 0; k < e2; k++) {
        const start = i * s0 + j * s1 + k * s2;
        for (let l = 0; l < e3; l++) visit(place++, start + l * s3);
      }
    }
  }
}

function toProgram(data: Float32Array, layout: Layout): Float32Array {
  const result = new Float32Array(data.length);
  walk(layout, (program, checkpoint) => result[program] = data[checkpoint]);
  return result;
}

function toCheckpoint(data: Float32Array, layout: Layout): Float32Array {
  const result = new Float32Array(data.length);
  walk(layout, (program, checkpoint) => result[checkpoint] = data[program]);
  return result;
}

/** The parameters of a model as state, by name. */
export function parameterTensors(spec: ModelSpec, hints?: StateHints): Map<string, Tensor> {
  return new Map(
    parameterSpecs(spec).map((parameter) => {
      return [parameter.name, state(parameter.name, layoutOf(parameter, spec).shape, "f32", hints)];
    }),
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
