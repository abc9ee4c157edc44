/**
 * The reference backend defines the correct result. It runs nodes one at a time, in traced order, with plain loops in
 * float64. Nothing is fused, and values never share memory.
 */
import { type Program, stateTypes, type Tensor } from "../../graph.ts";
import type { LeafSource, Values } from "../../op.ts";
import { type Backend, type Numbers, requireLength, type Session, stateType } from "../../session.ts";
import { type DType, sizeOf, type TensorType } from "../../shape.ts";

function allocate({ dtype, shape }: TensorType): Values {
  const make: Record<DType, (size: number) => Values> = {
    f32: (size) => new Float64Array(size),
    i32: (size) => new Int32Array(size),
    u8: (size) => new Uint8Array(size),
  };
  return make[dtype](sizeOf(shape));
}

/** A session that computes and keeps its state in float64. */
export class ReferenceSession implements Session {
  readonly device = "reference";
  readonly #programs: Readonly<Record<string, Program>>;
  readonly #types: Map<string, TensorType>;
  readonly #states = new Map<string, Values>();

  constructor(programs: Readonly<Record<string, Program>>) {
    this.#programs = programs;
    this.#types = stateTypes(Object.values(programs));
    for (const [name, type] of this.#types) this.#states.set(name, allocate(type));
  }

  write(name: string, values: Numbers | Float64Array): void {
    const length = sizeOf(stateType(this.#types, name).shape);
    if (values.length !== length) requireLength(name, values as Numbers, length);
    this.#states.get(name)!.set(values);
  }

  /** Like `read`, but in float64. */
  readExact(name: string): Values {
    stateType(this.#types, name);
    return this.#states.get(name)!.slice();
  }

  read(name: string): Promise<Numbers> {
    const values = this.readExact(name);
    return Promise.resolve(values instanceof Float64Array ? Float32Array.from(values) : values);
  }

  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>> {
    const exact = this.runExact(program, firstStep, steps);
    return Promise.resolve(
      Object.fromEntries(Object.entries(exact).map(([name, values]) => [name, Float32Array.from(values)])),
    );
  }

  /** Like `run`, but with outputs in float64. */
  runExact(program: string, firstStep: number, steps: number): Record<string, Float64Array> {
    const { nodes, updates, outputs } = this.#programs[program];
    const series = Object.fromEntries([...outputs.keys()].map((name) => [name, new Float64Array(steps)]));
    for (let i = 0; i < steps; i++) {
      const values = new Map<Tensor, Values>();
      for (const node of nodes) values.set(node, this.#evaluate(node, values, firstStep + i));
      for (const [name, node] of outputs) series[name][i] = values.get(node)![0];
      const results = [...updates].map(([name, node]) => [name, values.get(node)!.slice()] as const);
      for (const [name, result] of results) this.#states.get(name)!.set(result);
    }
    return series;
  }

  close(): void {
    this.#states.clear();
  }

  #evaluate(node: Tensor, values: ReadonlyMap<Tensor, Values>, step: number): Values {
    const { op } = node;
    if (op.kind === "leaf") return this.#leaf(op.source, node, step);
    if (op.kind === "special") throw new Error(`${op.name} is a special kernel of another backend`);
    const inputs = node.inputs.map((input) => values.get(input)!);
    const output = allocate(node);
    if (op.kind === "kernel") op.reference(inputs, output, node);
    else for (let i = 0; i < output.length; i++) output[i] = op.reference(...inputs.map((input) => input[i]));
    return output;
  }

  #leaf(source: LeafSource, node: Tensor, step: number): Values {
    if (source.kind === "state") return this.#states.get(source.name)!;
    return allocate(node).fill(source.kind === "constant" ? source.value : source.valueAt(step));
  }
}

/** Runs programs on the reference backend, which is slow. */
export const referenceBackend: Backend = {
  name: "reference",
  open: (programs) => Promise.resolve(new ReferenceSession(programs)),
};
