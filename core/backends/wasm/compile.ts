/** From programs to modules over one memory, and to all else that a session is made of. */
import type { WasmFeatures } from "../../codegen/wasm/assembler/function_builder.ts";
import { PAGE_BYTES } from "../../codegen/wasm/assembler/module_builder.ts";
import { constantValue, type Program, stateTypes } from "../../graph.ts";
import { aligned, type Schedule, schedule } from "../../schedule.ts";
import { viewOf } from "../../session.ts";
import { bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import { controlBytes } from "./threads/control.ts";
import type { MemoryPool } from "./memory.ts";
import { encodeProgram, type MemoryMap, type RowLayout, rowLayout, type RunSteps, scratchBytes } from "./program.ts";
import { rewrite, type RuleSet } from "./rewrite.ts";
import { hoistConstants } from "./hoist_constants.ts";
import { stopWord } from "./threads/thread_pool.ts";

/** WebAssembly's 32-bit memories end here. */
const MAX_BYTES = 2 ** 32 - PAGE_BYTES;
/** Steps whose inputs and outputs the table holds; longer runs go in several calls. */
export const TABLE_STEPS = 64;

export interface Compiled {
  /** Its place among all that the session compiled, by which threads know it. */
  number: number;
  schedule: Schedule;
  layout: RowLayout;
  runSteps: RunSteps;
}

/** Hands out memory from low to high. */
class Allocator {
  /** Byte 0 stays free, so that a forgotten address shows. */
  private end = 64;

  take(bytes: number): number {
    const at = this.end;
    this.end += aligned(bytes);
    if (this.end > MAX_BYTES) {
      throw new RangeError("the model and its batch need more memory than WebAssembly can address");
    }
    return at;
  }

  /** Whole pages, with room for loads that run over the end of the last buffer. */
  get pages(): number {
    return Math.ceil((this.end + 1024) / PAGE_BYTES);
  }
}

/** Everything that a session is made of. */
export interface CompiledSession {
  memory: WebAssembly.Memory;
  /** Of all state, by name. */
  types: ReadonlyMap<string, TensorType>;
  map: MemoryMap;
  programs: ReadonlyMap<string, Compiled>;
  /** What has to run before a program, by the program's name, whenever one of the states is written. */
  preparations: ReadonlyMap<string, { compiled: Compiled; frozen: ReadonlySet<string> }>;
  /** Address of the table of per-step inputs and outputs. */
  tableAt: number;
  /** By `Compiled.number`, for the threads, which make instances of their own. */
  modules: WebAssembly.Module[];
  /** Address of the words by which threads keep in step. */
  control: number;
  /** The word that makes everybody return at the next item; only shared memory can be written from elsewhere. */
  stop?: Int32Array<SharedArrayBuffer>;
}

export interface CompileOptions extends WasmFeatures {
  /** Which special kernels to put into the programs. */
  rules: RuleSet;
  /** Threads that will run the programs, this one included. */
  workers: number;
  /** Whether the memory can be shared with other threads. */
  isShared: boolean;
}

/** Throws for a state that was called frozen and is updated all the same. */
function requireFrozen(names: readonly string[], programs: readonly Program[]): void {
  for (const name of names) {
    if (programs.some(({ updates }) => updates.has(name))) {
      throw new Error(`state ${name} is frozen and cannot be updated`);
    }
  }
}

export async function compileSession(
  programs: Readonly<Record<string, Program>>,
  memories: MemoryPool,
  { rules, workers, isShared, ...features }: CompileOptions,
): Promise<CompiledSession> {
  const allocator = new Allocator();
  const frozen = Object.entries(programs).map(([name, program]) =>
    [name, hoistConstants(name, rewrite(program, rules))] as const
  );
  requireFrozen(frozen.flatMap(([, { frozen }]) => [...frozen]), Object.values(programs));
  const mains = frozen.map(([, { program }]) => program);
  const preparing = frozen.filter(([, { prepare }]) => prepare !== undefined);
  const all = [...mains, ...preparing.map(([, { prepare }]) => prepare!)];
  const types = stateTypes([...Object.values(programs), ...all]);
  const stateAt = new Map([...types].map(([name, type]) => [name, allocator.take(bytesOf(type))]));
  const schedules = all.map(schedule);
  const constants = schedules.flatMap(({ constants }) => constants);
  const constantAt = new Map(constants.map((node) => [node, allocator.take(bytesOf(node))]));
  const most = (measure: (s: Schedule) => number) => Math.max(0, ...schedules.map(measure));
  const arena = allocator.take(most(({ arenaBytes }) => arenaBytes));
  const scratchSize = aligned(most(scratchBytes));
  const scratch = allocator.take(scratchSize * workers);
  const tableAt = allocator.take(most((s) => rowLayout(s).bytes) * TABLE_STEPS);
  const control = allocator.take(controlBytes(workers));

  const memory = memories.take(allocator.pages, isShared);
  const pages = memory.buffer.byteLength / PAGE_BYTES;
  for (const node of constants) {
    viewOf(memory.buffer, node.dtype, constantAt.get(node)!, sizeOf(node.shape)).fill(constantValue(node)!);
  }
  const map: MemoryMap = {
    stateAt: (name) => stateAt.get(name)!,
    constantAt: (node) => constantAt.get(node)!,
    arena,
    scratch,
    scratchBytes: scratchSize,
    control,
  };
  const modules = await Promise.all(
    schedules.map((schedule) =>
      WebAssembly.compile(encodeProgram(schedule, map, features, { pages, workers, isShared }))
    ),
  );
  const compiled = await Promise.all(modules.map(async (module, number): Promise<Compiled> => {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const schedule = schedules[number];
    return { number, schedule, layout: rowLayout(schedule), runSteps: instance.exports.run as RunSteps };
  }));
  return {
    memory,
    types,
    map,
    programs: new Map(frozen.map(([name], i) => [name, compiled[i]])),
    preparations: new Map(preparing.map(([name, { frozen }], i) => {
      return [name, { compiled: compiled[mains.length + i], frozen }];
    })),
    tableAt,
    modules,
    control,
    stop: isShared ? stopWord(memory, control) : undefined,
  };
}
