/** Puts the items of a program in order and every value in its place: named state, or one arena that short-lived values share. */
import { fuse, type Item } from "./fuse.ts";
import { constantValue, type Program, reachable, type Tensor } from "./graph.ts";
import { copy } from "./ops/mod.ts";
import { bytesOf } from "./shape.ts";

/** Buffers start at, and are padded to, whole cache lines, so loops may run over their ends by a vector. */
export const ALIGNMENT = 64;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

export type Place =
  | { readonly kind: "state"; readonly name: string }
  | { readonly kind: "arena"; readonly offset: number }
  /** Its number among the scalars that the host gives for each step. */
  | { readonly kind: "perStep"; readonly slot: number }
  | { readonly kind: "constant"; readonly value: number };

export interface Schedule {
  readonly items: readonly Item[];
  placeOf(node: Tensor): Place;
  readonly arenaBytes: number;
  /** The leaves that the host gives a value for each step, by slot. */
  readonly perStep: readonly Tensor[];
  /** Constants that a kernel reads from memory, to be filled in once. */
  readonly constants: readonly Tensor[];
  readonly outputs: readonly (readonly [name: string, node: Tensor])[];
}

/** The node whose memory `node` shares: itself, or what it is a view or a part of. */
export function rootOf(node: Tensor): Tensor {
  return isShared(node) ? rootOf(node.inputs[0]) : node;
}

function isShared({ op }: Tensor): boolean {
  return (op.kind === "kernel" && op.isView === true) || (op.kind === "special" && op.partAt !== undefined);
}

/** Where `node` begins in the memory of its root, in bytes. */
function offsetInRoot(node: Tensor): number {
  if (!isShared(node)) return 0;
  return (node.op.kind === "special" ? node.op.partAt! : 0) + offsetInRoot(node.inputs[0]);
}

function stateName(node: Tensor): string | undefined {
  return node.op.kind === "leaf" && node.op.source.kind === "state" ? node.op.source.name : undefined;
}

export function schedule(program: Program): Schedule {
  // A new value is written straight into its state where nothing still needs the old one; else through a copy at the end; and
  // where that would read what another such copy writes (two states that swap), through a copy of a copy.
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
    // The value that the step began with, even where the state has another at its end.
    const isUpdated = program.updates.has(stateName(rootOf(node)) ?? "");
    return [name, isUpdated ? copy(node) : node] as const;
  });
  const nodes = reachable([...targets.keys(), ...outputs.map(([, node]) => node)]);
  const items = fuse(nodes, new Set([...targets.keys(), ...outputs.map(([, node]) => rootOf(node))]))
    .filter((item) => item.kind === "loop" || rootOf(item.node) === item.node);
  const order = orderItems(items, targets);
  if (typeof order === "string") return order;

  const perStep = nodes.filter((node) => node.op.kind === "leaf" && node.op.source.kind === "perStep");
  const arena = placeInArena(order, targets, outputs.map(([, node]) => rootOf(node)));
  const kernelInputs = order.flatMap((item) => item.kind === "kernel" ? item.node.inputs.map(rootOf) : []);
  const constants = [...new Set(kernelInputs)].filter((node) => constantValue(node) !== undefined);
  return {
    items: order,
    arenaBytes: arena.bytes,
    perStep,
    constants,
    outputs,
    placeOf(node) {
      const root = rootOf(node), name = targets.get(root) ?? stateName(root);
      if (name !== undefined) return { kind: "state", name };
      const value = constantValue(root);
      if (value !== undefined) return { kind: "constant", value };
      const slot = perStep.indexOf(root);
      if (slot >= 0) return { kind: "perStep", slot };
      const offset = arena.offsets.get(root);
      if (offset === undefined) throw new Error(`${root.op.name} has no place in memory`);
      return { kind: "arena", offset: offset + offsetInRoot(node) };
    },
  };
}

/** The tensors that an item reads from memory. */
export function readsOf(item: Item): Tensor[] {
  const reads = item.kind === "loop" ? item.operands.map((operand) => operand.source) : item.node.inputs;
  return reads.map(rootOf);
}

/** The tensors that an item writes to memory. */
export function writesOf(item: Item): readonly Tensor[] {
  return item.kind === "loop" ? item.results : [item.node];
}

/**
 * Topological order, in rounds of all that is ready, so that threads seldom have to wait for each other; within a round
 * earliest traced first. Or the name of a state whose new value is made before the last use of the old.
 */
function orderItems(items: readonly Item[], targets: ReadonlyMap<Tensor, string>): Item[] | string {
  const producer = new Map<Tensor, Item>();
  for (const item of items) for (const node of writesOf(item)) producer.set(node, item);
  const before = new Map<Item, Set<Item>>();
  for (const item of items) {
    const sources = readsOf(item).map((node) => producer.get(node)).filter((other) => other !== undefined);
    before.set(item, new Set(sources.filter((other) => other !== item)));
  }
  const reaches = (from: Item, to: Item): boolean =>
    [...before.get(to)!].some((item) => item === from || reaches(from, item));
  for (const [node, name] of targets) {
    const writer = producer.get(node)!;
    for (const reader of items) {
      if (!readsOf(reader).some((read) => stateName(read) === name)) continue;
      if (reader === writer ? !readsInStep(writer, name) : reaches(writer, reader)) return name;
      if (reader !== writer) before.get(writer)!.add(reader);
    }
  }
  const rank = (item: Item) => Math.max(...(item.kind === "loop" ? item.nodes : [item.node]).map((node) => node.id));
  let pending = [...items].sort((a, b) => rank(a) - rank(b));
  const done = new Set<Item>();
  while (pending.length > 0) {
    const ready = pending.filter((item) => [...before.get(item)!].every((other) => done.has(other)));
    if (ready.length === 0) throw new Error("the program's updates depend on each other in a circle");
    for (const item of ready) done.add(item);
    pending = pending.filter((item) => !done.has(item));
  }
  return [...done];
}

/** Whether a loop reads element i of state `name` before it writes element i, so that both may be the same memory. */
function readsInStep(item: Item, name: string): boolean {
  return item.kind === "loop" &&
    item.operands.every((operand) =>
      stateName(rootOf(operand.source)) !== name || operand.access === "full" || item.rows * item.columns === 1
    );
}

/** First fit: a value takes the lowest gap that is free from the item that writes it to the last that reads it. */
function placeInArena(order: readonly Item[], targets: ReadonlyMap<Tensor, string>, kept: readonly Tensor[]) {
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
    // From the very start: where threads run ahead, no other value of the next step may be written over what this one still
    // hands out.
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
