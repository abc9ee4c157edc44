/** Runs programs as WebAssembly with 128-bit SIMD, in one memory that all programs of a session share. */
import type { WasmFeatures } from "../../codegen/wasm/assembler/function_builder.ts";
import { detectFeatures } from "../../codegen/wasm/assembler/module_builder.ts";
import { perStepValue, type Program } from "../../graph.ts";
import { type Backend, type Numbers, requireLength, type Session, stateType, viewOf } from "../../session.ts";
import { sizeOf } from "../../shape.ts";
import { type Compiled, type CompiledSession, compileSession, TABLE_STEPS } from "./compile.ts";
import { MemoryPool } from "./memory.ts";
import type { RuleSet } from "./rewrite.ts";
import { allRules } from "./rules.ts";
import { ActiveThreads } from "./threads/active_threads.ts";
import { outOfRange } from "./threads/control.ts";
import { type Team, ThreadPool } from "./threads/thread_pool.ts";

class WasmSession implements Session {
  readonly device = "wasm";
  readonly stop?: Int32Array<SharedArrayBuffer>;
  readonly #parts: CompiledSession;
  /** The other threads, if there are any. */
  readonly #team: Team | undefined;
  readonly #active: ActiveThreads;
  /** Programs that must be prepared before their next run. */
  readonly #unprepared: Set<string>;
  #isClosed = false;

  constructor(parts: CompiledSession, team: Team | undefined, active: ActiveThreads) {
    this.#parts = parts;
    this.#team = team;
    this.#active = active;
    this.stop = parts.stop;
    this.#unprepared = new Set(parts.preparations.keys());
  }

  get threads(): number {
    return this.#active.count;
  }

  #view(name: string): Numbers {
    this.#requireOpen();
    const { memory, types, map } = this.#parts, type = stateType(types, name);
    return viewOf(memory.buffer, type.dtype, map.stateAt(name), sizeOf(type.shape));
  }

  write(name: string, values: Numbers): void {
    const view = this.#view(name);
    requireLength(name, values, view.length);
    view.set(values);
    for (const [program, { frozen }] of this.#parts.preparations) if (frozen.has(name)) this.#unprepared.add(program);
  }

  read(name: string): Promise<Numbers> {
    return Promise.resolve(this.#view(name).slice());
  }

  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>> {
    this.#requireOpen();
    const compiled = this.#parts.programs.get(program);
    if (compiled === undefined) throw new Error(`no program is called ${program}`);
    if (this.#unprepared.delete(program)) this.#runCompiled(this.#parts.preparations.get(program)!.compiled, 0, 1);
    return Promise.resolve(this.#runCompiled(compiled, firstStep, steps));
  }

  #runCompiled(compiled: Compiled, firstStep: number, steps: number): Record<string, Float32Array> {
    const { memory: { buffer }, tableAt } = this.#parts, { number, schedule, layout, runSteps } = compiled;
    const series = schedule.outputs.map(([name]) => [name, new Float32Array(steps)] as const);
    const words = layout.bytes / 4;
    const floats = new Float32Array(buffer, tableAt, words * TABLE_STEPS);
    const ints = new Int32Array(buffer, tableAt, words * TABLE_STEPS);
    for (let done = 0; done < steps;) {
      const batch = this.#active.next(number, Math.min(TABLE_STEPS, steps - done));
      const { threads, steps: count } = batch;
      for (let i = 0; i < count; i++) {
        schedule.perStep.forEach((node, slot) => {
          const value = perStepValue(node, firstStep + done + i);
          (node.dtype === "f32" ? floats : ints)[i * words + slot] = value;
        });
      }
      this.#team?.start(number, tableAt, count, threads);
      try {
        runSteps(tableAt, count, 0, threads);
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error;
        // The other threads would wait for this one.
        if (this.stop !== undefined) Atomics.store(this.stop, 0, 1);
        throw outOfRange(error);
      }
      this.#team?.requireWhole();
      this.#active.took(number, batch);
      series.forEach(([, values], output) => {
        for (let i = 0; i < count; i++) values[done + i] = floats[i * words + layout.inputs + output];
      });
      done += count;
    }
    return Object.fromEntries(series);
  }

  /** A closed session's memory may already belong to another session. */
  #requireOpen(): void {
    if (this.#isClosed) throw new Error("the session is closed");
  }

  /** Gives the memory to the next session, which may take it once every thread has left it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#team?.leave();
    memories.give({
      memory: this.#parts.memory,
      isShared: this.stop !== undefined,
      isFree: () => this.#team?.isGone ?? true,
    });
  }
}

/** How to run programs. Tests turn off features that the engine has. */
export interface WasmOptions extends Partial<WasmFeatures> {
  /** Threads, 1 by default. More need shared memory. The results do not depend on their number. */
  threads?: number;
  /** Milliseconds, to choose how many threads are active; another clock in tests. */
  now?: () => number;
}

const pool = new ThreadPool();
const memories = new MemoryPool();

/** Ends the threads of the backend, so that the process can end. The next session starts new ones. */
export function closeThreads(): void {
  pool.close();
}

async function open(
  programs: Readonly<Record<string, Program>>,
  rules: RuleSet,
  { threads: wanted, relaxedFma, now }: WasmOptions & WasmFeatures & { threads: number },
): Promise<Session> {
  const isShared = typeof SharedArrayBuffer !== "undefined";
  const hasThreads = isShared && wanted > 1 && pool.reserve();
  const threads = hasThreads ? wanted : 1;
  try {
    const compiled = await compileSession(programs, memories, {
      rules,
      threads,
      isShared,
      relaxedFma,
    });
    const { memory, modules, control } = compiled;
    const team = hasThreads ? pool.assign({ memory, modules, control, threads }) : undefined;
    return new WasmSession(compiled, team, new ActiveThreads(threads, now));
  } catch (error) {
    if (hasThreads) pool.release();
    throw error;
  }
}

/** The backend with the special kernels that `rules` insert. */
export function wasmBackendWith(rules: RuleSet, options: WasmOptions = {}): Backend {
  const { threads = 1, relaxedFma = detectFeatures().relaxedFma, now } = options;
  return { name: "wasm", open: (programs) => open(programs, rules, { threads, relaxedFma, now }) };
}

/** The backend with every special kernel. */
export function wasmBackend(options: WasmOptions = {}): Backend {
  return wasmBackendWith(allRules, options);
}
