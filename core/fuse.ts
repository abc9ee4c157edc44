/**
 * Turns the nodes of a program into schedule items. Elementwise neighbours of the same shape become one loop, which
 * keeps intermediate values in registers. A loop reads a broadcast operand from its source, so the repeated tensor is
 * never written to memory. Every other op is an item of its own.
 */
import type { Tensor } from "./graph.ts";
import { broadcastOp } from "./ops/mod.ts";
import { sameShape, type Shape, sizeOf } from "./shape.ts";

/**
 * Which element of an operand a loop over `[rows, columns]` reads at (r, c): `full` reads the one at (r, c), `row`
 * element c, `column` element r and `scalar` the only one.
 */
export type Access = "full" | "scalar" | "row" | "column";

/** A tensor that a loop reads. */
export interface LoopOperand {
  /** The operand of the loop's nodes. */
  readonly node: Tensor;
  /** The tensor that is read from memory: `node` itself, or the tensor that it repeats. */
  readonly source: Tensor;
  readonly access: Access;
}

/** Elementwise nodes of the same shape that run as one loop. */
export interface LoopItem {
  readonly kind: "loop";
  readonly rows: number;
  readonly columns: number;
  /** Elementwise nodes, in order. */
  readonly nodes: readonly Tensor[];
  readonly operands: readonly LoopOperand[];
  /** Those of `nodes` that are written to memory, because something outside the loop reads them. */
  readonly results: readonly Tensor[];
}

/** A node that runs as a kernel of its own. */
export interface KernelItem {
  readonly kind: "kernel";
  readonly node: Tensor;
}

/** A unit of work in a schedule: a fused loop or one kernel. */
export type ScheduleItem = LoopItem | KernelItem;

/**
 * Items that compute `nodes`, in the order of their last nodes. Nodes that neither `kept` nor an item needs are
 * dropped.
 */
export function fuse(nodes: readonly Tensor[], kept: ReadonlySet<Tensor>): ScheduleItem[] {
  const groups = groupElementwise(nodes);
  const loops = new Map<Set<Tensor>, Omit<LoopItem, "results">>();
  for (const group of new Set(groups.values())) loops.set(group, loopOf([...group]));

  // Values that must be in memory: those requested, and those that items read. Walks back from the last item to find
  // them.
  const needed = new Set(kept);
  const items: ScheduleItem[] = [];
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

/** The group of each elementwise node. */
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

/** Whether no node outside `group` both depends on one of its members and is an input of another. */
function canRunAsOne(group: ReadonlySet<Tensor>, groups: ReadonlyMap<Tensor, Set<Tensor>>): boolean {
  const seen = new Set<Tensor>();
  const pending = [...group].flatMap((node) => node.inputs).filter((input) => !group.has(input));
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (group.has(node)) return false;
    // A loop runs as a whole, so a node that needs one member needs the inputs of all of them.
    const together = groups.get(node) ?? new Set([node]);
    for (const member of together) {
      seen.add(member);
      for (const input of member.inputs) if (!together.has(input)) pending.push(input);
    }
  }
  return true;
}

/**
 * How a loop can read the source of a broadcast, and the number of columns it needs to do so; undefined if it cannot.
 */
function repeatOf(node: Tensor): { access: Access; columns?: number } | undefined {
  if (!broadcastOp.matches(node)) return undefined;
  const from = node.inputs[0].shape, size = sizeOf(from), to = node.shape;
  if (size === 1) return { access: "scalar" };
  const trimmed = from.slice(from.findIndex((n) => n !== 1));
  if (sameShape(trimmed, to.slice(to.length - trimmed.length))) return { access: "row", columns: size };
  const fixed = lastFixedAxis(from);
  const leading = from.length === to.length && sameShape(from.slice(0, fixed), to.slice(0, fixed));
  return leading ? { access: "column", columns: sizeOf(to.slice(fixed)) } : undefined;
}

/** The number of axes up to the last one whose extent is not 1. */
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
