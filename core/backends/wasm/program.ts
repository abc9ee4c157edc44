/** Compiles a scheduled program into one WebAssembly module. */
import { atomics, f32, i32, returnNow } from "../../codegen/wasm/assembler/instructions.ts";
import type { Local, WasmFeatures } from "../../codegen/wasm/assembler/function_builder.ts";
import { ModuleBuilder } from "../../codegen/wasm/assembler/module_builder.ts";
import type { ScheduleItem } from "../../fuse.ts";
import type { Tensor } from "../../graph.ts";
import { type Address, baseOf, type WasmKernel } from "../../codegen/wasm/kernel.ts";
import { rootOf, type Schedule } from "../../schedule.ts";
import { bytesOf } from "../../shape.ts";
import { addBarrier, CONTROL, countersAt } from "./threads/control.ts";
import { barriersBefore, type Span } from "./threads/barriers.ts";
import { loopKernel } from "./loop.ts";
import { cutItems, partsOf, shareOut } from "./threads/work_stealing.ts";

/** Where a program finds its memory, in bytes from the start. */
export interface MemoryMap {
  stateAt(name: string): number;
  constantAt(node: Tensor): number;
  readonly arena: number;
  /** Scratch memory, `scratchBytes` for each worker. */
  readonly scratch: number;
  readonly scratchBytes: number;
  /** The words by which threads keep in step; see `CONTROL`. */
  readonly control: number;
}

/** What the host writes and reads for each step: a row of 4-byte numbers, inputs first, then outputs. */
export interface RowLayout {
  readonly inputs: number;
  readonly outputs: number;
  readonly bytes: number;
}

export function rowLayout(schedule: Schedule): RowLayout {
  const inputs = schedule.perStep.length, outputs = schedule.outputs.length;
  return { inputs, outputs, bytes: 4 * (inputs + outputs) };
}

/** The exported function: steps over rows of the table, doing the share of `worker` among all workers. */
export type RunSteps = (firstRow: number, steps: number, worker: number) => void;

/** The items' kernels before it is known where anything lies. */
function kernelsOf(schedule: Schedule): WasmKernel[] {
  return schedule.items.map((item) => kernelOf(item, schedule, () => ({ offset: 0 })));
}

/** Bytes of scratch memory that a worker needs for this program. */
export function scratchBytes(schedule: Schedule): number {
  return Math.max(0, ...kernelsOf(schedule).map((kernel) => kernel.scratchBytes ?? 0));
}

/** Into how many parts each worker's share of each item is worth being cut. */
export function partsOfItems(schedule: Schedule, workers: number): number[] {
  return kernelsOf(schedule).map((kernel) => partsOf(kernel, workers));
}

function kernelOf(item: ScheduleItem, schedule: Schedule, addressOf: (node: Tensor) => Address): WasmKernel {
  if (item.kind === "loop") return loopKernel(item, addressOf, (node) => constantOf(schedule, node));
  const { op } = item.node;
  if (op.kind !== "kernel" && op.kind !== "special") throw new Error(`${op.name} is no kernel`);
  return op.wasm(item.node);
}

function constantOf(schedule: Schedule, node: Tensor): number | undefined {
  const place = schedule.locationOf(node);
  return place.kind === "constant" ? place.value : undefined;
}

/** The memory that a node's root takes, where the program writes it. */
function spanOf(schedule: Schedule, map: MemoryMap, node: Tensor): Span | undefined {
  const root = rootOf(node), place = schedule.locationOf(root);
  if (place.kind === "perStep" || place.kind === "constant") return undefined;
  const start = place.kind === "state" ? map.stateAt(place.name) : map.arena + place.offset;
  return { start, end: start + bytesOf(root) };
}

export function encodeProgram(
  schedule: Schedule,
  map: MemoryMap,
  features: WasmFeatures,
  memory: { pages: number; workers: number; isShared: boolean },
): Uint8Array<ArrayBuffer> {
  const { pages, workers, isShared } = memory;
  const module = new ModuleBuilder(features);
  const layout = rowLayout(schedule);
  const addressIn = (row: Local) => (node: Tensor): Address => {
    const place = schedule.locationOf(node);
    if (place.kind === "perStep") return { base: row, offset: 4 * place.slot };
    if (place.kind === "state") return { offset: map.stateAt(place.name) };
    return { offset: place.kind === "arena" ? map.arena + place.offset : map.constantAt(node) };
  };
  const calls = schedule.items.map((item, i) => {
    let extent = 0;
    const name = item.kind === "loop"
      ? `${i}_${item.nodes.map((n) => n.op.name).join("_")}`
      : `${i}_${item.node.op.name}`;
    // A function for each kernel, so that the engine optimises them one by one as they get warm.
    const index = module.addFunction(name, ["i32", "i32", "i32", "i32"], (f) => {
      const [from, to, row, scratch] = f.params;
      const addressOf = addressIn(row);
      const kernel = kernelOf(item, schedule, addressOf);
      extent = kernel.extent;
      const inputs = item.kind === "kernel" ? item.node.inputs.map(addressOf) : [];
      const output = item.kind === "kernel" ? addressOf(item.node) : { offset: 0 };
      kernel.emit(f, { from, to, inputs, output, scratch });
    });
    return { index, extent };
  });
  const barrier = workers > 1 ? addBarrier(module, map.control, workers) : undefined;
  const counters = countersAt(map.control), stop = map.control + 4 * CONTROL.stop;
  const outputs = schedule.outputs.map(([, node]) => node);
  const mustWait = barriersBefore(schedule.items, outputs, (node) => spanOf(schedule, map, node));
  const { cuts, usedAtEnd } = cutItems(partsOfItems(schedule, workers), mustWait);
  module.addFunction("run", ["i32", "i32", "i32"], (f) => {
    const [row, steps, worker] = f.params;
    const scratch = f.let("i32", i32.add(i32.mul(worker.get, i32.const(map.scratchBytes)), i32.const(map.scratch)));
    const addressOf = addressIn(row);
    f.countTo(f.let("i32", i32.const(0)), steps.get, 1, () => {
      const wait = (used: number) => {
        if (barrier !== undefined) f.call(barrier, i32.const(used));
      };
      calls.forEach(({ index, extent }, i) => {
        if (mustWait[i]) wait(cuts[i].used);
        // Behind the barrier, which a stop opens too: nothing may run on what another thread has left half done.
        if (isShared) f.if(atomics.load(i32.const(0), stop), () => f.emit(returnNow));
        const shares = { ...cuts[i], extent, workers, worker, counters, stop };
        shareOut(f, shares, (from, to) => f.call(index, from, to, row.get, scratch.get));
      });
      // The outputs are read, and the next step begins, where this one is whole.
      wait(usedAtEnd);
      f.if(i32.eqz(worker.get), () => {
        schedule.outputs.forEach(([, node], i) => {
          const at = addressOf(node);
          f.emit(f32.store(row.get, 4 * (layout.inputs + i), f32.load(baseOf(at), at.offset)));
        });
      });
      f.set(row, i32.add(row.get, i32.const(layout.bytes)));
    });
  }, { exported: true });
  return module.encode({ pages, shared: isShared });
}
