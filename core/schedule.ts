/**
 * Orders the items of a program and decides where each value is stored: in named state, or at an offset in one arena
 * that short-lived values share.
 */
import { fuse, type ScheduleItem } from "./fuse.ts";
import { constantValue, type Program, reachable, type Tensor } from "./graph.ts";
import { copy } from "./ops/mod.ts";
import { bytesOf } from "./shape.ts";

/**
 * Bytes of a cache line. Buffers are aligned and padded to whole cache lines, so loops may overrun their ends by a
 * vector.
 */
export const ALIGNMENT = 64;

/** `bytes`, rounded up to whole cache lines. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Where a value is stored. */
export type ValueLocation =
  | { readonly kind: "state"; readonly name: string }
  /** `offset` bytes from the arena's start. */
  | { readonly kind: "arena"; readonly offset: number }
  /** Scalar number `slot` of those that the host supplies for each step. */
  | { readonly kind: "perStep"; readonly slot: number }
  | { readonly kind: "constant"; readonly value: number };

/** What a backend compiles: items in order, and the location of every value. */
export interface Schedule {
  /** In order of execution. */
  readonly items: readonly ScheduleItem[];
  locationOf(node: Tensor): ValueLocation;
  readonly arenaBytes: number;
  /** Leaves whose value the host supplies for each step, by slot. */
  readonly perStep: readonly Tensor[];
  /** Constants that kernels read from memory; they are written once. */
  readonly constants: readonly Tensor[];
  /** Scalars for the host, with the nodes that hold them at the end of a step. */
  readonly outputs: readonly (readonly [name: string, node: Tensor])[];
}

/** The node whose memory `node` shares: itself, or the tensor that it is a view or a part of. */
export function rootOf(node: Tensor): Tensor {
  return isShared(node) ? rootOf(node.inputs[0]) : node;
}

function isShared({ op }: Tensor): boolean {
  return (op.kind === "kernel" && op.isView === true) || (op.kind === "special" && op.partAt !== undefined);
}

/** The byte offset of `node` in the memory of its root. */
function offsetInRoot(node: Tensor): number {
  if (!isShared(node)) return 0;
  return (node.op.kind === "special" ? node.op.partAt! : 0) + offsetInRoot(node.inputs[0]);
}

function stateName(node: Tensor): string | undefined {
  return node.op.kind === "leaf" && node.op.source.kind === "state" ? node.op.source.name : undefined;
}

/**
 * Fuses `program` and schedules it.
 * @throws {Error} When no order of the updates can read every old value before it is overwritten.
 */
export function schedule(program: Program): Schedule {
  // A new value is written straight into its state if nothing needs the old one any more, and otherwise copied there at
  // the end. If that copy would read what another copy writes (two states that swap), it goes through a second copy.
  const copies = new Map<string, number>();
  for (;;) {
    const result = trySchedule(program, copies);
    if (typeof result !== "string") return result;
    const tried = copies.get(result) ?? 0;
    if (tried === 2) throw new Error(`state ${result} cannot be updated in any order`);
    copies.set(result, tried + 1);
  }
}

/** The schedule, or the name of a state that cannot be written in place. */
function trySchedule(program: Program, copies: ReadonlyMap<string, number>): Schedule | string {
  const targets = new Map<Tensor, string>();
  for (const [name, node] of program.updates) {
    const writable = rootOf(node) === node && node.op.kind !== "leaf" && !targets.has(node);
    let target = node;
    for (let needed = Math.max(copies.get(name) ?? 0, writable ? 0 : 1); needed > 0; needed--) target = copy(target);
    targets.set(target, name);
  }
  const outputs = [...program.outputs].map(([name, node]) => {
    // The value at the beginning of the step, even if the step updates that state.
    const isUpdated = program.updates.has(stateName(rootOf(node)) ?? "");
    return [name, isUpdated ? copy(node) : node] as const;
  });
  const nodes = reachable([...targets.keys(), ...outputs.map(([, node]) => node)]);
  const items = fuse(nodes, new Set([...targets.keys(), ...outputs.map(([, node]) => rootOf(node))]))
    .filter((item) => item.kind === "loop" || rootOf(item.node) === item.node);
  const order = orderItems(items, targets);
  if (typeof order === "string") return order;

  const perStep = nodes.filter((node) => node.op.kind === "leaf" && node.op.source.kind === "perStep");
  const arena = assignOffsets(order, targets, outputs.map(([, node]) => rootOf(node)));
  const kernelInputs = order.flatMap((item) => item.kind === "kernel" ? item.node.inputs.map(rootOf) : []);
  const constants = [...new Set(kernelInputs)].filter((node) => constantValue(node) !== undefined);
  return {
    items: order,
    arenaBytes: arena.bytes,
    perStep,
    constants,
    outputs,
    locationOf(node) {
      const root = rootOf(node), name = targets.get(root) ?? stateName(root);
      if (name !== undefined) return { kind: "state", name };
      const value = constantValue(root);
      if (value !== undefined) return { kind: "constant", value };
      const slot = perStep.indexOf(root);
      if (slot >= 0) return { kind: "perStep", slot };
      const offset = arena.offsets.get(root);
      if (offset === undefined) throw new Error(`${root.op.name} has no offset in the arena`);
      return { kind: "arena", offset: offset + offsetInRoot(node) };
    },
  };
}

/** The tensors that `item` reads from memory. */
export function readsOf(item: ScheduleItem): Tensor[] {
  const reads = item.kind === "loop" ? item.operands.map((operand) => operand.source) : item.node.inputs;
  return reads.map(rootOf);
}

/** The tensors that `item` writes to memory. */
export function writesOf(item: ScheduleItem): readonly Tensor[] {
  return item.kind === "loop" ? item.results : [item.node];
}

/**
 * Sorts items topologically in rounds of everything that is ready, so that threads seldom wait for each other. Within a
 * round items keep the order of tracing. If a state's new value is computed before the last use of its old one, returns
 * the name of that state instead.
 */
function orderItems(items: readonly ScheduleItem[], targets: ReadonlyMap<Tensor, string>): ScheduleItem[] | string {
  const producer = new Map<Tensor, ScheduleItem>();
  for (const item of items) for (const node of writesOf(item)) producer.set(node, item);
  const before = new Map<ScheduleItem, Set<ScheduleItem>>();
  for (const item of items) {
    const sources = readsOf(item).map((node) => producer.get(node)).filter((other) => other !== undefined);
    before.set(item, new Set(sources.filter((other) => other !== item)));
  }
  const reaches = (from: ScheduleItem, to: ScheduleItem): boolean =>
    [...before.get(to)!].some((item) => item === from || reaches(from, item));
  for (const [node, name] of targets) {
    const writer = producer.get(node)!;
    for (const reader of items) {
      if (!readsOf(reader).some((read) => stateName(read) === name)) continue;
      if (reader === writer ? !readsInStep(writer, name) : reaches(writer, reader)) return name;
      if (reader !== writer) before.get(writer)!.add(reader);
    }
  }
  const rank = (item: ScheduleItem) =>
    Math.max(...(item.kind === "loop" ? item.nodes : [item.node]).map((node) => node.id));
  let pending = [...items].sort((a, b) => rank(a) - rank(b));
  const done = new Set<ScheduleItem>();
  while (pending.length > 0) {
    const ready = pending.filter((item) => [...before.get(item)!].every((other) => done.has(other)));
    if (ready.length === 0) throw new Error("the program's updates depend on each other in a cycle");
    for (const item of ready) done.add(item);
    pending = pending.filter((item) => !done.has(item));
  }
  return [...done];
}

/**
 * Whether `item` is a loop that reads element i of state `name` only to compute element i, so that it may overwrite it.
 */
function readsInStep(item: ScheduleItem, name: string): boolean {
  return item.kind === "loop" &&
    item.operands.every((operand) =>
      stateName(rootOf(operand.source)) !== name || operand.access === "full" || item.rows * item.columns === 1
    );
}

/**
 * First fit: a value takes the lowest gap that stays free from the item that writes it to the last item that reads it.
 */
function assignOffsets(order: readonly ScheduleItem[], targets: ReadonlyMap<Tensor, string>, kept: readonly Tensor[]) {
  interface Interval {
    node: Tensor;
    first: number;
    last: number;
  }
  const intervals = new Map<Tensor, Interval>();
  order.forEach((item, time) => {
    for (const node of readsOf(item)) {
      const interval = intervals.get(node);
      if (interval) interval.last = time;
    }
    for (const node of writesOf(item)) {
      if (!targets.has(node)) intervals.set(node, { node, first: time, last: time });
    }
  });
  for (const node of kept) {
    const interval = intervals.get(node);
    // Reserved from the first item on: a thread already in the next step must not overwrite what this step has yet to
    // return.
    if (interval) [interval.first, interval.last] = [0, order.length];
  }
  const offsets = new Map<Tensor, number>();
  const placed: (Interval & { from: number; to: number })[] = [];
  let bytes = 0;
  for (const interval of intervals.values()) {
    const size = aligned(bytesOf(interval.node));
    const neighbours = placed.filter((p) => p.first <= interval.last && interval.first <= p.last)
      .sort((a, b) => a.from - b.from);
    let from = 0;
    for (const p of neighbours) {
      if (p.from - from >= size) break;
      from = Math.max(from, p.to);
    }
    offsets.set(interval.node, from);
    placed.push({ ...interval, from, to: from + size });
    bytes = Math.max(bytes, from + size);
  }
  return { offsets, bytes };
}
