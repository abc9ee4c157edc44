/** Compiles a schedule into one WebAssembly module. */
import type { Local, WasmFeatures } from "../../codegen/wasm/assembler/function_builder.ts";
import { atomics, f32, i32, returnNow, trap } from "../../codegen/wasm/assembler/instructions.ts";
import { ModuleBuilder } from "../../codegen/wasm/assembler/module_builder.ts";
import { type Address, baseOf, type WasmKernel } from "../../codegen/wasm/kernel.ts";
import type { ScheduleItem } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import type { Contract, Span } from "../../codegen/wasm/verifier/contract.ts";
import { aligned, readsOf, rootOf, type Schedule, writesOf } from "../../schedule.ts";
import { bytesOf } from "../../shape.ts";
import { loopKernel } from "./loop.ts";
import { addBarrier, barriersBefore } from "./threads/barriers.ts";
import { controlBytes, countersAt, wordAt } from "./threads/control.ts";
import { cutItems, divideWork, partsOf, shareOf } from "./threads/work_stealing.ts";

/** Byte offsets in the memory of a session. */
export interface MemoryMap {
  stateAt(name: string): number;
  constantAt(node: Tensor): number;
  readonly arena: number;
  /** Scratch memory, `scratchBytes` for each thread. */
  readonly scratch: number;
  readonly scratchBytes: number;
  /** The words that synchronise threads: `CONTROL`. */
  readonly control: number;
  /** The table of steps, of `tableSteps` rows. */
  readonly table: number;
  readonly tableSteps: number;
}

/** A row of the table of steps: the 4-byte inputs that the host writes for a step, then the outputs that it reads. */
export interface RowLayout {
  readonly inputs: number;
  readonly outputs: number;
  readonly bytes: number;
}

/** The rows of a program's table. */
export function rowLayout(schedule: Schedule): RowLayout {
  const inputs = schedule.perStep.length, outputs = schedule.outputs.length;
  return { inputs, outputs, bytes: 4 * (inputs + outputs) };
}

/**
 * The exported function: thread number `thread` runs its part of `steps` steps, from the table's row at `firstRow` on.
 * All threads below number `active` have to call it.
 */
export type RunSteps = (firstRow: number, steps: number, thread: number, active: number) => void;

/** The kernels of all items, before their offsets are known. */
function kernelsOf(schedule: Schedule): WasmKernel[] {
  return schedule.items.map((item) => kernelOf(item, schedule, () => ({ offset: 0 })));
}

/** Bytes of scratch memory that each thread needs for this program. */
export function scratchBytes(schedule: Schedule): number {
  return Math.max(0, ...kernelsOf(schedule).map((kernel) => kernel.scratchBytes ?? 0));
}

/** For each item, the number of parts into which it is worth cutting a thread's share. */
export function partsOfItems(schedule: Schedule, threads: number): number[] {
  return kernelsOf(schedule).map((kernel) => partsOf(kernel, threads));
}

function kernelOf(item: ScheduleItem, schedule: Schedule, addressOf: (node: Tensor) => Address): WasmKernel {
  if (item.kind === "loop") return loopKernel(item, addressOf, (node) => constantOf(schedule, node));
  const { op } = item.node;
  if (op.kind !== "kernel" && op.kind !== "special") throw new Error(`${op.name} is not a kernel`);
  return op.wasm(item.node);
}

function constantOf(schedule: Schedule, node: Tensor): number | undefined {
  const location = schedule.locationOf(node);
  return location.kind === "constant" ? location.value : undefined;
}

/** The memory of a node's root; undefined if no item writes it. */
function spanOf(schedule: Schedule, map: MemoryMap, node: Tensor): Span | undefined {
  const root = rootOf(node), location = schedule.locationOf(root);
  if (location.kind === "perStep" || location.kind === "constant") return undefined;
  const start = location.kind === "state" ? map.stateAt(location.name) : map.arena + location.offset;
  return { start, end: start + bytesOf(root) };
}

/** A vector that begins in a buffer may read this many bytes past its end. */
const READ_AHEAD = 64;

/**
 * The memory that an item's function may touch: its operands, its results, its row of the table and its scratch memory.
 */
function contractOf(
  item: ScheduleItem,
  schedule: Schedule,
  map: MemoryMap,
  { extent, threads }: { extent: number; threads: number },
): Contract {
  const rowBytes = rowLayout(schedule).bytes, tableEnd = map.table + map.tableSteps * rowBytes;
  const items = { lo: 0, hi: extent };
  const row = { lo: map.table, hi: tableEnd - rowBytes, step: Math.max(1, rowBytes) };
  const scratch = { lo: map.scratch, hi: map.scratch + (threads - 1) * map.scratchBytes };
  const padded = ({ start, end }: Span, more = 0) => ({ start, end: start + aligned(end - start) + more });
  const constants = readsOf(item).filter((node) => schedule.constants.includes(node)).map((node) => {
    return { start: map.constantAt(node), end: map.constantAt(node) + bytesOf(node) };
  });
  const spansOf = (nodes: readonly Tensor[]) =>
    nodes.map((node) => spanOf(schedule, map, node)).filter((span) => span !== undefined);
  return {
    arguments: [items, items, row, { ...scratch, step: Math.max(1, map.scratchBytes) }],
    writes: spansOf(writesOf(item)).map((span) => padded(span)),
    reads: [
      ...[...spansOf([...readsOf(item), ...writesOf(item)]), ...constants].map((span) => padded(span, READ_AHEAD)),
      { start: map.table, end: tableEnd },
    ],
    scratch: { parameter: 3, bytes: map.scratchBytes },
  };
}

/**
 * The module of a schedule. It has a function for each item and `run`, a `RunSteps`, which calls them step by step,
 * with a barrier where an item needs one. Shapes, strides and offsets are constants in the code.
 */
export function encodeProgram(
  schedule: Schedule,
  map: MemoryMap,
  features: WasmFeatures,
  memory: { pages: number; threads: number; isShared: boolean },
): Uint8Array<ArrayBuffer> {
  const { pages, threads, isShared } = memory;
  const module = new ModuleBuilder(features);
  const layout = rowLayout(schedule);
  const addressIn = (row: Local) => (node: Tensor): Address => {
    const location = schedule.locationOf(node);
    if (location.kind === "perStep") return { base: row, offset: 4 * location.slot };
    if (location.kind === "state") return { offset: map.stateAt(location.name) };
    return { offset: location.kind === "arena" ? map.arena + location.offset : map.constantAt(node) };
  };
  const calls = schedule.items.map((item, i) => {
    let extent = 0;
    const name = item.kind === "loop"
      ? `${i}_${item.nodes.map((n) => n.op.name).join("_")}`
      : `${i}_${item.node.op.name}`;
    // Each kernel is a separate function, so that V8 optimises it as soon as it is hot.
    const index = module.addFunction(name, ["i32", "i32", "i32", "i32"], (f) => {
      const [from, to, row, scratch] = f.params;
      const addressOf = addressIn(row);
      const kernel = kernelOf(item, schedule, addressOf);
      extent = kernel.extent;
      const inputs = item.kind === "kernel" ? item.node.inputs.map(addressOf) : [];
      const output = item.kind === "kernel" ? addressOf(item.node) : { offset: 0 };
      kernel.emit(f, { from, to, inputs, output, scratch });
    }, { contractOf: () => contractOf(item, schedule, map, { extent, threads }) });
    return { index, extent };
  });
  const barrier = threads > 1 ? addBarrier(module, map.control, threads) : undefined;
  const counters = countersAt(map.control, threads), stop = wordAt(map.control, "stop");
  const outputs = schedule.outputs.map(([, node]) => node);
  const barriers = barriersBefore(schedule.items, outputs, (node) => spanOf(schedule, map, node));
  const { cuts, toReset } = cutItems(partsOfItems(schedule, threads), barriers);
  const table = { start: map.table, end: map.table + map.tableSteps * layout.bytes };
  const controlWords = { start: map.control, end: map.control + controlBytes(threads) };
  const runContract: Contract = {
    arguments: [undefined, undefined, undefined, undefined],
    writes: [table, controlWords],
    reads: outputs.map((node) => spanOf(schedule, map, node)).filter((span) => span !== undefined),
  };
  module.addFunction("run", ["i32", "i32", "i32", "i32"], (f) => {
    const [row, steps, thread, active] = f.params;
    // Checked whatever the caller passes and whatever the command words contain.
    f.if(i32.ne(row.get, i32.const(map.table)), () => f.emit(trap));
    f.requireBelow(steps, map.tableSteps + 1);
    f.requireBelow(thread, threads);
    const scratch = f.let("i32", i32.add(i32.mul(thread.get, i32.const(map.scratchBytes)), i32.const(map.scratch)));
    const share = threads > 1 ? shareOf(f, thread, active, threads) : undefined;
    const addressOf = addressIn(row);
    f.countTo(f.let("i32", i32.const(0)), steps.get, 1, () => {
      const wait = (cutItems: number) => {
        if (barrier === undefined) return;
        f.if(i32.gtS(active.get, i32.const(1)), () => f.call(barrier, i32.const(cutItems), active.get));
      };
      calls.forEach(({ index, extent }, i) => {
        if (barriers[i]) wait(cuts[i].toReset);
        // After the barrier, which a stop also opens: nothing may read what another thread has left unfinished.
        if (isShared) f.if(atomics.load(i32.const(0), stop), () => f.emit(returnNow));
        const division = { ...cuts[i], extent, threads, share, counters, stop };
        divideWork(f, division, (from, to) => f.call(index, from, to, row.get, scratch.get));
      });
      // The outputs are read and the next step begins once all of this step is done.
      wait(toReset);
      f.if(i32.eqz(thread.get), () => {
        schedule.outputs.forEach(([, node], i) => {
          const at = addressOf(node);
          f.emit(f32.store(row.get, 4 * (layout.inputs + i), f32.load(baseOf(at), at.offset)));
        });
      });
      f.set(row, i32.add(row.get, i32.const(layout.bytes)));
    });
  }, { exported: true, contractOf: () => runContract });
  return module.encode({ pages, shared: isShared });
}
