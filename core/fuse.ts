/**
 * Turns the nodes of a program into work items. Elementwise neighbours of one shape become one loop, which keeps what
 * happens between them in registers; a broadcast operand is read where it repeats and never written out. Every other op is
 * an item of its own.
 */
import type { Tensor } from "./graph.ts";
import { broadcastOp } from "./ops/mod.ts";
import { sameShape, type Shape, sizeOf } from "./shape.ts";

/** How an operand of a loop over `[rows, columns]` is read. */
export type Access = "full" | "scalar" | "row" | "column";

export interface LoopOperand {
  /** The node as the loop's nodes know it. */
  readonly node: Tensor;
  /** The tensor that is read: `node` itself, or what it repeats. */
  readonly source: Tensor;
  readonly access: Access;
}

export interface LoopItem {
  readonly kind: "loop";
  readonly rows: number;
  readonly columns: number;
  /** Elementwise nodes, in order. */
  readonly nodes: readonly Tensor[];
  readonly operands: readonly LoopOperand[];
  /** Those of `nodes` that someone outside the loop reads. */
  readonly results: readonly Tensor[];
}

export interface KernelItem {
  readonly kind: "kernel";
  readonly node: Tensor;
}

export type Item = LoopItem | KernelItem;

export function fuse(nodes: readonly Tensor[], kept: ReadonlySet<Tensor>): Item[] {
  const groups = groupElementwise(nodes);
  const loops = new Map<Set<Tensor>, Omit<LoopItem, "results">>();
  for (const group of new Set(groups.values())) loops.set(group, loopOf([...group]));

  // What has to lie in memory: what was asked for, and what items read, found from the last item to the first.
  const needed = new Set(kept);
  const items: Item[] = [];
  const done = new Set<Set<Tensor>>();
  for (const node of [...nodes].reverse()) {
    const group = groups.get(node);
    if (group !== undefined) {
      if (done.has(group)) continue;
      done.add(group);
      const loop = loops.get(group)!;
      for (const { source } of loop.operands) needed.add(source);
      items.push({ ...loop, results: [] });
    } else if (node.op.kind !== "elementwise" && node.op.kind !== "leaf" && needed.has(node)) {
      for (const input of node.inputs) needed.add(input);
      items.push({ kind: "kernel", node });
    }
  }
  return items.reverse().map((item) =>
    item.kind === "loop" ? { ...item, results: item.nodes.filter((node) => needed.has(node)) } : item
  );
}

/** Which group each elementwise node belongs to. */
function groupElementwise(nodes: readonly Tensor[]): Map<Tensor, Set<Tensor>> {
  const groups = new Map<Tensor, Set<Tensor>>();
  for (const node of nodes) {
    if (node.op.kind !== "elementwise") continue;
    let group = new Set([node]);
    for (const input of node.inputs) {
      const other = groups.get(input);
      if (other === undefined || other === group || !sameShape(input.shape, node.shape)) continue;
      const merged = new Set([...other, ...group]);
      if (canRunAsOne(merged, groups) && agreeOnColumns([...merged])) group = merged;
    }
    for (const member of group) groups.set(member, group);
  }
  return groups;
}

/** Whether nothing outside `group` both needs one of its members and is needed by another. */
function canRunAsOne(group: ReadonlySet<Tensor>, groups: ReadonlyMap<Tensor, Set<Tensor>>): boolean {
  const seen = new Set<Tensor>();
  const pending = [...group].flatMap((node) => node.inputs).filter((input) => !group.has(input));
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (group.has(node)) return false;
    // A loop runs as a whole, so reaching one member means needing the inputs of all.
    const together = groups.get(node) ?? new Set([node]);
    for (const member of together) {
      seen.add(member);
      for (const input of member.inputs) if (!together.has(input)) pending.push(input);
    }
  }
  return true;
}

/** The extent of the last axes that a broadcast operand leaves alone, if it is one that a loop can read in place. */
function repeatOf(node: Tensor): { access: Access; columns?: number } | undefined {
  if (broadcastOp.parametersOf(node) === undefined) return undefined;
  const from = node.inputs[0].shape, size = sizeOf(from), to = node.shape;
  if (size === 1) return { access: "scalar" };
  const trimmed = from.slice(from.findIndex((n) => n !== 1));
  if (sameShape(trimmed, to.slice(to.length - trimmed.length))) return { access: "row", columns: size };
  const fixed = lastFixedAxis(from);
  const leading = from.length === to.length && sameShape(from.slice(0, fixed), to.slice(0, fixed));
  return leading ? { access: "column", columns: sizeOf(to.slice(fixed)) } : undefined;
}

/** Number of leading axes up to the last that is not 1. */
function lastFixedAxis(shape: Shape): number {
  let axis = shape.length;
  while (axis > 0 && shape[axis - 1] === 1) axis--;
  return axis;
}

function externalInputs(nodes: readonly Tensor[]): Tensor[] {
  const inside = new Set(nodes);
  return [...new Set(nodes.flatMap((node) => node.inputs))].filter((input) => !inside.has(input));
}

function columnsOf(nodes: readonly Tensor[]): number[] {
  const columns = externalInputs(nodes).map((input) => repeatOf(input)?.columns);
  return [...new Set(columns)].filter((n) => n !== undefined);
}

function agreeOnColumns(nodes: readonly Tensor[]): boolean {
  return columnsOf(nodes).length <= 1;
}

function loopOf(nodes: readonly Tensor[]): Omit<LoopItem, "results"> {
  const size = sizeOf(nodes[0].shape);
  const columns = columnsOf(nodes)[0] ?? size;
  const operands = externalInputs(nodes).map((node): LoopOperand => {
    const repeat = repeatOf(node);
    const readable = repeat !== undefined && (repeat.columns === undefined || repeat.columns === columns);
    return readable
      ? { node, source: node.inputs[0], access: repeat.access }
      : { node, source: node, access: sizeOf(node.shape) === 1 ? "scalar" : "full" };
  });
  return { kind: "loop", rows: size / columns, columns, nodes, operands };
}
