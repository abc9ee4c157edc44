/**
 * Constant hoisting: values that depend only on frozen state are computed when that state is written, not in every
 * step.
 */
import { onInputs, type Program, programOf, state, type Tensor } from "../../graph.ts";
import { broadcastOp, reshapeOp } from "../../ops/mod.ts";

/** A program without the parts that need not run in every step. */
export interface HoistedProgram {
  /** The part that runs in every step. */
  program: Program;
  /**
   * Computes the hoisted values as state that `program` reads. It must run before the first run of `program` and after
   * each write to a state in `frozen`. Undefined if nothing was hoisted.
   */
  prepare?: Program;
  /** Names of the frozen states that the program reads. */
  frozen: ReadonlySet<string>;
}

/** Splits a program. `name` is the prefix of the states that hold the results of `prepare`. */
export function hoistConstants(name: string, program: Program): HoistedProgram {
  const fixed = new Set<Tensor>(), frozen = new Set<string>();
  for (const node of program.nodes) if (isFixed(node, fixed)) fixed.add(node);
  for (const { op } of fixed) if (op.kind === "leaf" && op.source.kind === "state") frozen.add(op.source.name);

  const hoisted = new Map<Tensor, Tensor>(), updates = new Map<string, Tensor>();
  const rebuilt = new Map<Tensor, Tensor>();
  const now = (node: Tensor): Tensor => {
    if (!fixed.has(node)) return rebuilt.get(node)!;
    if (isFree(node)) return onInputs(node, node.inputs.map(now));
    let stored = hoisted.get(node);
    if (stored === undefined) {
      const key = `${name}.frozen.${updates.size}`;
      stored = state(key, node.shape, node.dtype);
      hoisted.set(node, stored);
      updates.set(key, node);
    }
    return stored;
  };
  for (const node of program.nodes) if (!fixed.has(node)) rebuilt.set(node, onInputs(node, node.inputs.map(now)));
  const results = (old: Program["updates"]) => new Map([...old].map(([key, node]) => [key, now(node)]));
  const main = programOf(results(program.updates), results(program.outputs));
  if (updates.size === 0) return { program, frozen };
  return { program: main, prepare: programOf(updates, new Map()), frozen };
}

/** Whether a node depends only on frozen state and constants. */
function isFixed({ op, inputs }: Tensor, fixed: ReadonlySet<Tensor>): boolean {
  if (op.kind !== "leaf") return inputs.length > 0 && inputs.every((input) => fixed.has(input));
  return op.source.kind === "constant" || (op.source.kind === "state" && op.source.frozen === true);
}

/**
 * Whether a node costs nothing in a step because its users read it directly from its source. Storing such a node gains
 * nothing.
 */
function isFree(node: Tensor): boolean {
  return node.op.kind === "leaf" || broadcastOp.matches(node) ||
    reshapeOp.matches(node);
}
