/** Compiles the programs of a session into modules over one memory. */
import type { WasmFeatures } from "../../codegen/wasm/assembler/function_builder.ts";
import { PAGE_BYTES } from "../../codegen/wasm/assembler/module_builder.ts";
import { constantValue, type Program, stateTypes } from "../../graph.ts";
import { aligned, type Schedule, schedule } from "../../schedule.ts";
import { viewOf } from "../../session.ts";
import { bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import { hoistConstants } from "./hoist_constants.ts";
import { Allocator, type MemoryPool } from "./memory.ts";
import { encodeProgram, type MemoryMap, type RowLayout, rowLayout, type RunSteps, scratchBytes } from "./program.ts";
import { rewrite, type RuleSet } from "./rewrite.ts";
import { controlBytes, stopWord } from "./threads/control.ts";

/** Rows of the table of steps. Longer runs are divided into several calls. */
export const TABLE_STEPS = 64;

/** A program, ready to run. */
export interface Compiled {
  /** Its index in `CompiledSession.modules`, which threads use to refer to it. */
  number: number;
  schedule: Schedule;
  layout: RowLayout;
  runSteps: RunSteps;
}

/** All parts of a compiled session. */
export interface CompiledSession {
  memory: WebAssembly.Memory;
  /** The types of all state, by name. */
  types: ReadonlyMap<string, TensorType>;
  map: MemoryMap;
  programs: ReadonlyMap<string, Compiled>;
  /**
   * For programs with frozen state, by name: what must run before the program after one of the states `frozen` has been
   * written.
   */
  preparations: ReadonlyMap<string, { compiled: Compiled; frozen: ReadonlySet<string> }>;
  /** Address of the table of steps, which has `TABLE_STEPS` rows. */
  tableAt: number;
  /** The modules, which the other threads instantiate themselves. */
  modules: WebAssembly.Module[];
  /** Address of the control words. */
  control: number;
  /**
   * The word that makes all threads return before the next item. Only shared memory has one, because other threads
   * cannot write to unshared memory.
   */
  stop?: Int32Array<SharedArrayBuffer>;
}

/** What the code of a session depends on, besides its programs. */
export interface CompileOptions extends WasmFeatures {
  /** Which special kernels to insert into the programs. */
  rules: RuleSet;
  /** Number of threads that will run the programs, including the calling thread. */
  threads: number;
  /** Whether the memory can be shared with other threads. */
  isShared: boolean;
}

/** @throws {Error} when a program updates a state that is declared frozen. */
function requireFrozen(names: readonly string[], programs: readonly Program[]): void {
  for (const name of names) {
    if (programs.some(({ updates }) => updates.has(name))) {
      throw new Error(`state ${name} is frozen and cannot be updated`);
    }
  }
}

/**
 * Compiles `programs`, in memory from `memories`.
 * @throws {Error} when a program updates a state that is declared frozen.
 * @throws {RangeError} when they need more memory than WebAssembly can address.
 */
export async function compileSession(
  programs: Readonly<Record<string, Program>>,
  memories: MemoryPool,
  { rules, threads, isShared, ...features }: CompileOptions,
): Promise<CompiledSession> {
  const allocator = new Allocator();
  const hoisted = Object.entries(programs).map(([name, program]) =>
    [name, hoistConstants(name, rewrite(program, rules))] as const
  );
  requireFrozen(hoisted.flatMap(([, { frozen }]) => [...frozen]), Object.values(programs));
  const mains = hoisted.map(([, { program }]) => program);
  const preparing = hoisted.filter(([, { prepare }]) => prepare !== undefined);
  const all = [...mains, ...preparing.map(([, { prepare }]) => prepare!)];
  const types = stateTypes([...Object.values(programs), ...all]);
  const stateAt = new Map([...types].map(([name, type]) => [name, allocator.take(bytesOf(type))]));
  const schedules = all.map(schedule);
  const constants = schedules.flatMap(({ constants }) => constants);
  const constantAt = new Map(constants.map((node) => [node, allocator.take(bytesOf(node))]));
  const most = (measure: (s: Schedule) => number) => Math.max(0, ...schedules.map(measure));
  const arena = allocator.take(most(({ arenaBytes }) => arenaBytes));
  const scratchSize = aligned(most(scratchBytes));
  const scratch = allocator.take(scratchSize * threads);
  const tableAt = allocator.take(most((s) => rowLayout(s).bytes) * TABLE_STEPS);
  const control = allocator.take(controlBytes(threads));

  const memory = await memories.take(allocator.pages, isShared);
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
    table: tableAt,
    tableSteps: TABLE_STEPS,
  };
  const modules = await Promise.all(
    schedules.map((schedule) =>
      WebAssembly.compile(encodeProgram(schedule, map, features, { pages, threads, isShared }))
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
    programs: new Map(hoisted.map(([name], i) => [name, compiled[i]])),
    preparations: new Map(preparing.map(([name, { frozen }], i) => {
      return [name, { compiled: compiled[mains.length + i], frozen }];
    })),
    tableAt,
    modules,
    control,
    stop: isShared ? stopWord(memory, control) : undefined,
  };
}
