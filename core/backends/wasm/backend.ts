/** Programs as WebAssembly with 128-bit SIMD, over one memory that all programs of a session share. */
import { detectFeatures } from "../../emit/wasm/module_builder.ts";
import type { WasmFeatures } from "../../emit/wasm/function_builder.ts";
import { type Program, stateTypes, type Tensor } from "../../graph.ts";
import { aligned, type Schedule, schedule } from "../../schedule.ts";
import { type Backend, type Numbers, requireLength, type Session, stateType } from "../../session.ts";
import { bytesOf, type DType, sizeOf, type TensorType } from "../../shape.ts";
import { encodeProgram, type MemoryMap, type RowLayout, rowLayout, type RunSteps, scratchBytes } from "./program.ts";

const PAGE = 65536;
/** WebAssembly's 32-bit memories end here. */
const MAX_BYTES = 2 ** 32 - PAGE;
/** Steps whose inputs and outputs the table holds; longer runs go in several calls. */
const TABLE_STEPS = 64;

interface Compiled {
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

class WasmSession implements Session {
  readonly device = "wasm";

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly types: ReadonlyMap<string, TensorType>,
    private readonly stateAt: ReadonlyMap<string, number>,
    private readonly programs: ReadonlyMap<string, Compiled>,
    private readonly tableAt: number,
  ) {}

  private view(name: string): Numbers {
    const type = stateType(this.types, name);
    return viewOf(this.memory.buffer, type.dtype, this.stateAt.get(name)!, sizeOf(type.shape));
  }

  write(name: string, values: Numbers): void {
    const view = this.view(name);
    requireLength(name, values, view.length);
    view.set(values);
  }

  read(name: string): Promise<Numbers> {
    return Promise.resolve(this.view(name).slice());
  }

  run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>> {
    const compiled = this.programs.get(program);
    if (compiled === undefined) throw new Error(`no program is called ${program}`);
    const { schedule, layout, runSteps } = compiled;
    const series = schedule.outputs.map(([name]) => [name, new Float32Array(steps)] as const);
    const words = layout.bytes / 4;
    const floats = new Float32Array(this.memory.buffer, this.tableAt, words * TABLE_STEPS);
    const ints = new Int32Array(this.memory.buffer, this.tableAt, words * TABLE_STEPS);
    for (let done = 0; done < steps; done += TABLE_STEPS) {
      const count = Math.min(TABLE_STEPS, steps - done);
      for (let i = 0; i < count; i++) {
        schedule.perStep.forEach((node, slot) => {
          const value = valueAt(node, firstStep + done + i);
          (node.dtype === "f32" ? floats : ints)[i * words + slot] = value;
        });
      }
      runSteps(this.tableAt, count, 0, 1);
      series.forEach(([, values], output) => {
        for (let i = 0; i < count; i++) values[done + i] = floats[i * words + layout.inputs + output];
      });
    }
    return Promise.resolve(Object.fromEntries(series));
  }

  /** Memory goes with the session's last reference; there is nothing to do by hand. */
  close(): void {}
}

function viewOf(buffer: ArrayBufferLike, dtype: DType, at: number, length: number): Numbers {
  if (dtype === "f32") return new Float32Array(buffer, at, length);
  return dtype === "i32" ? new Int32Array(buffer, at, length) : new Uint8Array(buffer, at, length);
}

function valueAt(node: Tensor, step: number): number {
  if (node.op.kind !== "leaf" || node.op.source.kind !== "perStep") {
    throw new Error(`${node.op.name} is not given per step`);
  }
  return node.op.source.valueAt(step);
}

async function open(programs: Readonly<Record<string, Program>>, features: WasmFeatures): Promise<Session> {
  const allocator = new Allocator();
  const types = stateTypes(Object.values(programs));
  const stateAt = new Map([...types].map(([name, type]) => [name, allocator.take(bytesOf(type))]));
  const schedules = Object.entries(programs).map(([name, program]) => [name, schedule(program)] as const);
  const constants = schedules.flatMap(([, { constants }]) => constants);
  const constantAt = new Map(constants.map((node) => [node, allocator.take(bytesOf(node))]));
  const most = (measure: (s: Schedule) => number) => Math.max(0, ...schedules.map(([, s]) => measure(s)));
  const arena = allocator.take(most((s) => s.arenaBytes));
  const scratchSize = aligned(most(scratchBytes));
  const scratch = allocator.take(scratchSize);
  const tableAt = allocator.take(most((s) => rowLayout(s).bytes) * TABLE_STEPS);

  const pages = allocator.pages;
  const memory = new WebAssembly.Memory({ initial: pages });
  for (const node of constants) {
    const place = node.op.kind === "leaf" && node.op.source.kind === "constant" ? node.op.source.value : 0;
    viewOf(memory.buffer, node.dtype, constantAt.get(node)!, sizeOf(node.shape)).fill(place);
  }
  const map: MemoryMap = {
    stateAt: (name) => stateAt.get(name)!,
    constantAt: (node) => constantAt.get(node)!,
    arena,
    scratch,
    scratchBytes: scratchSize,
  };
  const compiled = await Promise.all(schedules.map(async ([name, schedule]) => {
    const bytes = encodeProgram(schedule, map, features, { pages, shared: false });
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return [name, { schedule, layout: rowLayout(schedule), runSteps: instance.exports.run as RunSteps }] as const;
  }));
  return new WasmSession(memory, types, stateAt, new Map(compiled), tableAt);
}

/** The backend for this engine; `features` narrows what it uses, for tests. */
export function wasmBackend(features: WasmFeatures = detectFeatures()): Backend {
  return { name: "wasm", open: (programs) => open(programs, features) };
}
