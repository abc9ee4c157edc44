/** Programs as WebAssembly with 128-bit SIMD, over one memory that all programs of a session share. */
import { detectFeatures } from "../../emit/wasm/module_builder.ts";
import type { WasmFeatures } from "../../emit/wasm/function_builder.ts";
import { constantValue, perStepValue, type Program, stateTypes } from "../../graph.ts";
import { aligned, type Schedule, schedule } from "../../schedule.ts";
import { type Backend, type Numbers, requireLength, type Session, stateType, viewOf } from "../../session.ts";
import { bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import { CONTROL_BYTES } from "./control.ts";
import { encodeProgram, type MemoryMap, type RowLayout, rowLayout, type RunSteps, scratchBytes } from "./program.ts";
import { rewrite } from "./rewrite.ts";
import { settle } from "./settled.ts";
import { stopWord, type Team, ThreadPool } from "./thread_pool.ts";

const PAGE = 65536;
/** WebAssembly's 32-bit memories end here. */
const MAX_BYTES = 2 ** 32 - PAGE;
/** Steps whose inputs and outputs the table holds; longer runs go in several calls. */
const TABLE_STEPS = 64;

interface Compiled {
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
    return Math.ceil((this.end + 1024) / PAGE);
  }
}

/** Everything that a session is made of. */
interface SessionParts {
  memory: WebAssembly.Memory;
  types: ReadonlyMap<string, TensorType>;
  map: MemoryMap;
  programs: ReadonlyMap<string, Compiled>;
  /** What has to run before a program, by the program's name, whenever one of the states is written. */
  preparations: ReadonlyMap<string, { compiled: Compiled; settled: ReadonlySet<string> }>;
  /** Address of the table of per-step inputs and outputs. */
  tableAt: number;
  team?: Team;
  /** The word that makes everybody return at the next item; only shared memory can be written from elsewhere. */
  stop?: Int32Array<SharedArrayBuffer>;
}

class WasmSession implements Session {
  readonly device = "wasm";
  readonly stop?: Int32Array<SharedArrayBuffer>;
  private readonly memory: WebAssembly.Memory;
  private readonly types: ReadonlyMap<string, TensorType>;
  /** Programs that have to be prepared before they run next. */
  private readonly unprepared: Set<string>;

  constructor(private readonly parts: SessionParts) {
    this.memory = parts.memory;
    this.types = parts.types;
    this.stop = parts.stop;
    this.unprepared = new Set(parts.preparations.keys());
  }

  private view(name: string): Numbers {
    const type = stateType(this.types, name);
    return viewOf(this.memory.buffer, type.dtype, this.parts.map.stateAt(name), sizeOf(type.shape));
  }

  write(name: string, values: Numbers): void {
    const view = this.view(name);
    requireLength(name, values, view.length);
    view.set(values);
    for (const [program, { settled }] of this.parts.preparations) if (settled.has(name)) this.unprepared.add(program);
  }

  read(name: string): Promise<Numbers> {
    return Promise.resolve(this.view(name).slice());
  }

  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>> {
    const compiled = this.parts.programs.get(program);
    if (compiled === undefined) throw new Error(`no program is called ${program}`);
    if (this.unprepared.delete(program)) this.runCompiled(this.parts.preparations.get(program)!.compiled, 0, 1);
    return Promise.resolve(this.runCompiled(compiled, firstStep, steps));
  }

  private runCompiled(compiled: Compiled, firstStep: number, steps: number): Record<string, Float32Array> {
    const { tableAt, team } = this.parts, { number, schedule, layout, runSteps } = compiled;
    const series = schedule.outputs.map(([name]) => [name, new Float32Array(steps)] as const);
    const words = layout.bytes / 4;
    const floats = new Float32Array(this.memory.buffer, tableAt, words * TABLE_STEPS);
    const ints = new Int32Array(this.memory.buffer, tableAt, words * TABLE_STEPS);
    for (let done = 0; done < steps; done += TABLE_STEPS) {
      const count = Math.min(TABLE_STEPS, steps - done);
      for (let i = 0; i < count; i++) {
        schedule.perStep.forEach((node, slot) => {
          const value = perStepValue(node, firstStep + done + i);
          (node.dtype === "f32" ? floats : ints)[i * words + slot] = value;
        });
      }
      team?.start(number, tableAt, count);
      runSteps(tableAt, count, 0);
      series.forEach(([, values], output) => {
        for (let i = 0; i < count; i++) values[done + i] = floats[i * words + layout.inputs + output];
      });
    }
    return Object.fromEntries(series);
  }

  /** The memory itself goes with the last reference to it. */
  close(): void {
    this.parts.team?.leave();
  }
}

export interface WasmOptions extends Partial<WasmFeatures> {
  /** Threads that share the work, 1 by default. More need shared memory; the results do not depend on their number. */
  threads?: number;
}

const pool = new ThreadPool();

/** Ends the threads of this process, so that it can end; the next session starts new ones. */
export function closeThreads(): void {
  pool.close();
}

async function open(programs: Readonly<Record<string, Program>>, options: Required<WasmOptions>): Promise<Session> {
  const isShared = typeof SharedArrayBuffer !== "undefined";
  const workers = !isShared || pool.isTaken ? 1 : options.threads;
  const allocator = new Allocator();
  const settled = Object.entries(programs).map(([name, program]) => [name, settle(name, rewrite(program))] as const);
  const mains = settled.map(([, { program }]) => program);
  const preparing = settled.filter(([, { prepare }]) => prepare !== undefined);
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
  const control = allocator.take(CONTROL_BYTES);

  const { pages } = allocator;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
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
      WebAssembly.compile(encodeProgram(schedule, map, options, { pages, workers, isShared }))
    ),
  );
  const compiled = await Promise.all(modules.map(async (module, number): Promise<Compiled> => {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const schedule = schedules[number];
    return { number, schedule, layout: rowLayout(schedule), runSteps: instance.exports.run as RunSteps };
  }));
  const team = workers > 1 ? pool.take(workers - 1, { memory, modules, control }) : undefined;
  return new WasmSession({
    memory,
    types,
    map,
    programs: new Map(settled.map(([name], i) => [name, compiled[i]])),
    preparations: new Map(preparing.map(([name, { settled }], i) => {
      return [name, { compiled: compiled[mains.length + i], settled }];
    })),
    tableAt,
    team,
    stop: isShared ? stopWord(memory, control) : undefined,
  });
}

/** The backend for this engine; `options` may narrow what it uses of it, for tests. */
export function wasmBackend(options: WasmOptions = {}): Backend {
  const all = { threads: options.threads ?? 1, relaxedFma: options.relaxedFma ?? detectFeatures().relaxedFma };
  return { name: "wasm", open: (programs) => open(programs, all) };
}
