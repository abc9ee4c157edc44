/** What depends on frozen state alone is computed when that is written, not in every step. */
import { onInputs, type Program, programOf, state, type Tensor } from "../../graph.ts";

export interface HoistedProgram {
  program: Program;
  /** Has to run before `program` does for the first time, and whenever a state in `frozen` was written; often not needed. */
  prepare?: Program;
  frozen: ReadonlySet<string>;
}

/** Not worth keeping: loops read them in place. */
const FREE: ReadonlySet<string> = new Set(["broadcast", "reshape"]);

/** `name` begins the names of the states that hold what `prepare` computes. */
export function hoistConstants(name: string, program: Program): HoistedProgram {
  const fixed = new Set<Tensor>(), frozen = new Set<string>();
  for (const node of program.nodes) if (isFixed(node, fixed)) fixed.add(node);
  for (const { op } of fixed) if (op.kind === "leaf" && op.source.kind === "state") frozen.add(op.source.name);

  const prepared = new Map<Tensor, Tensor>(), updates = new Map<string, Tensor>();
  const rebuilt = new Map<Tensor, Tensor>();
  const now = (node: Tensor): Tensor => {
    if (!fixed.has(node)) return rebuilt.get(node)!;
    if (node.op.kind === "leaf" || FREE.has(node.op.name)) return onInputs(node, node.inputs.map(now));
    let place = prepared.get(node);
    if (place === undefined) {
      const key = `${name}.frozen.${updates.size}`;
      place = state(key, node.shape, node.dtype);
      prepared.set(node, place);
      updates.set(key, node);
    }
    return place;
  };
  for (const node of program.nodes) if (!fixed.has(node)) rebuilt.set(node, onInputs(node, node.inputs.map(now)));
  const results = (old: Program["updates"]) => new Map([...old].map(([key, node]) => [key, now(node)]));
  const main = programOf(results(program.updates), results(program.outputs));
  if (updates.size === 0) return { program, frozen };
  return { program: main, prepare: programOf(updates, new Map()), frozen };
}

/** Whether a node depends on nothing but frozen state and constants. */
function isFixed({ op, inputs }: Tensor, fixed: ReadonlySet<Tensor>): boolean {
  if (op.kind !== "leaf") return inputs.length > 0 && inputs.every((input) => fixed.has(input));
  return op.source.kind === "constant" || (op.source.kind === "state" && op.source.frozen === true);
}
