/**
 * Tracing. Ordinary code runs once over tensors that have a shape but no numbers, and the graph of nodes that it builds
 * is all that a backend needs to compile it.
 */
import type { LeafOp, Op, Tensor } from "./op.ts";
import { type DType, type Shape, ShapeError, type TensorType } from "./shape.ts";

export type { Tensor } from "./op.ts";

let nextId = 0;

/**
 * A new node: `op` applied to `inputs`.
 * @throws {ShapeError} When the op cannot take these inputs.
 */
export function apply(op: Op, ...inputs: Tensor[]): Tensor {
  const { dtype, shape } = op.type(inputs);
  return { id: nextId++, op, inputs, dtype, shape };
}

function leaf(source: LeafOp["source"], dtype: DType, shape: Shape): Tensor {
  const type: TensorType = { dtype, shape };
  return apply({ kind: "leaf", name: source.kind, source, type: () => type, gradient: () => [] });
}

/** Facts about a state that let a backend run faster. They do not change results, except for rounding. */
export interface StateHints {
  /** Share of the elements that are not 0, from 0 to 1, as measured or estimated. */
  density?: number;
  /** No program of the session updates the state, and the host seldom writes it. */
  frozen?: boolean;
}

/** A tensor that lives across steps under `name`, at first all zeros. Programs of a session share it by this name. */
export function state(name: string, shape: Shape, dtype: DType = "f32", hints: StateHints = {}): Tensor {
  return leaf({ kind: "state", name, ...hints }, dtype, shape);
}

/**
 * A scalar that changes with the step: the host calls `valueAt` for each step (counted from 0) and rounds the result to
 * `dtype`.
 */
export function perStep(valueAt: (step: number) => number, dtype: "f32" | "i32" = "f32"): Tensor {
  return leaf({ kind: "perStep", valueAt }, dtype, []);
}

/** A tensor with `value` in every element; a scalar by default. */
export function constant(value: number, shape: Shape = []): Tensor {
  return leaf({ kind: "constant", value }, "f32", shape);
}

/** The value of `node`'s elements if it is a constant, else undefined. */
export function constantValue({ op }: Tensor): number | undefined {
  return op.kind === "leaf" && op.source.kind === "constant" ? op.source.value : undefined;
}

/**
 * The value at `step` of a node that `perStep` made.
 * @throws {Error} When `node` is something else.
 */
export function perStepValue({ op }: Tensor, step: number): number {
  if (op.kind !== "leaf" || op.source.kind !== "perStep") throw new Error(`${op.name} is not a per-step scalar`);
  return op.source.valueAt(step);
}

/** What one step computes. */
export interface Program {
  /** Every node that an update or an output needs, in topological order. */
  readonly nodes: readonly Tensor[];
  /** New values of state, by name; they take effect together at the end of the step. */
  readonly updates: ReadonlyMap<string, Tensor>;
  /** Float32 scalars that the host receives after each step, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** What the code under `trace` returns. */
export interface TracedResult {
  /** New values of state, by name. */
  updates?: Record<string, Tensor>;
  /** Scalars that the host receives after each step, by name. */
  outputs?: Record<string, Tensor>;
}

/**
 * Runs `fn` once, over tensors without numbers, and keeps the nodes that its result depends on.
 * @throws {ShapeError} When an op cannot take its inputs, or an output is not an f32 scalar.
 */
export function trace(fn: () => TracedResult): Program {
  const result = fn();
  const updates = new Map(Object.entries(result.updates ?? {}));
  const outputs = new Map(Object.entries(result.outputs ?? {}));
  for (const [name, output] of outputs) {
    if (output.dtype !== "f32" || output.shape.length > 0) {
      throw new ShapeError(`output ${name} must be an f32 scalar`);
    }
  }
  return programOf(updates, outputs);
}

/** The program of everything that `updates` and `outputs` depend on. */
export function programOf(updates: Program["updates"], outputs: Program["outputs"]): Program {
  return { nodes: reachable([...updates.values(), ...outputs.values()]), updates, outputs };
}

/** `node`'s op applied to `inputs`; `node` itself if these are its own inputs. */
export function onInputs(node: Tensor, inputs: readonly Tensor[]): Tensor {
  return inputs.every((input, i) => input === node.inputs[i]) ? node : apply(node.op, ...inputs);
}

/** All nodes that `roots` depend on, themselves included, in topological order. */
export function reachable(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const pending = [...roots];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    pending.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/**
 * The types of all state of several programs, by name.
 * @throws {ShapeError} When two programs disagree about the type of a state.
 */
export function stateTypes(programs: readonly Program[]): Map<string, TensorType> {
  const types = new Map<string, TensorType>();
  const add = (name: string, type: TensorType) => {
    const known = types.get(name);
    if (known && (known.dtype !== type.dtype || known.shape.join() !== type.shape.join())) {
      throw new ShapeError(
        `state ${name} is ${known.dtype}[${known.shape}] here and ${type.dtype}[${type.shape}] there`,
      );
    }
    types.set(name, { dtype: type.dtype, shape: type.shape });
  };
  for (const program of programs) {
    for (const node of program.nodes) {
      if (node.op.kind === "leaf" && node.op.source.kind === "state") add(node.op.source.name, node);
    }
    for (const [name, node] of program.updates) add(name, node);
  }
  return types;
}
