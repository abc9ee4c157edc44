/**
 * Tracing. Ordinary code over tensors that have a shape but no numbers, run once, leaves behind everything that a backend
 * needs to compile it.
 */
import type { LeafOp, Op, Tensor } from "./op.ts";
import { type DType, type Shape, ShapeError, type TensorType } from "./shape.ts";

export type { Tensor } from "./op.ts";

let nextId = 0;

export function apply(op: Op, ...inputs: Tensor[]): Tensor {
  const { dtype, shape } = op.type(inputs);
  return { id: nextId++, op, inputs, dtype, shape };
}

function leaf(source: LeafOp["source"], dtype: DType, shape: Shape): Tensor {
  const type: TensorType = { dtype, shape };
  return apply({ kind: "leaf", name: source.kind, source, type: () => type, gradient: () => [] });
}

/** What a backend may know of a state to be faster. Results never depend on it. */
export interface StateHints {
  /** Share of its elements that are not 0, measured or known by what they are. */
  density?: number;
  /** No program of the session updates it, and the host writes it seldom. */
  frozen?: boolean;
}

/** A tensor that lives across steps under `name`. Programs of one session that use the same name share it. */
export function state(name: string, shape: Shape, dtype: DType = "f32", hints: StateHints = {}): Tensor {
  return leaf({ kind: "state", name, ...hints }, dtype, shape);
}

/** A scalar that the host computes for each step, in float64, before it is rounded to `dtype`. Steps count from 0. */
export function perStep(valueAt: (step: number) => number, dtype: "f32" | "i32" = "f32"): Tensor {
  return leaf({ kind: "perStep", valueAt }, dtype, []);
}

export function constant(value: number, shape: Shape = []): Tensor {
  return leaf({ kind: "constant", value }, "f32", shape);
}

/** The number that fills `node`, if it is a constant. */
export function constantValue({ op }: Tensor): number | undefined {
  return op.kind === "leaf" && op.source.kind === "constant" ? op.source.value : undefined;
}

/** The host's number for `step` of a node that `perStep` made. */
export function perStepValue({ op }: Tensor, step: number): number {
  if (op.kind !== "leaf" || op.source.kind !== "perStep") throw new Error(`${op.name} is not given per step`);
  return op.source.valueAt(step);
}

/** A program: what one step computes. */
export interface Program {
  /** Every node that an update or an output needs, in topological order. */
  readonly nodes: readonly Tensor[];
  /** New values of state, by name; they take effect together at the end of the step. */
  readonly updates: ReadonlyMap<string, Tensor>;
  /** One float32 number a step for the host, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

export interface TracedResult {
  updates?: Record<string, Tensor>;
  outputs?: Record<string, Tensor>;
}

/** Runs `fn` over shape-only tensors and keeps what its result depends on. */
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

/** A program of what `updates` and `outputs` depend on. */
export function programOf(updates: Program["updates"], outputs: Program["outputs"]): Program {
  return { nodes: reachable([...updates.values(), ...outputs.values()]), updates, outputs };
}

/** `node` on other inputs: itself where they are the same. */
export function onInputs(node: Tensor, inputs: readonly Tensor[]): Tensor {
  return inputs.every((input, i) => input === node.inputs[i]) ? node : apply(node.op, ...inputs);
}

/** All nodes on which `roots` depend, themselves included, inputs before users. */
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

/** Types of all state of several programs by name; the same name must mean the same type everywhere. */
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
