/**
 * Runs programs as lists of compute dispatches. One buffer holds all of a session's numbers and another its u8 state,
 * so every kernel has the same two bindings and shares one bind group.
 */
import { perStepValue, type Program, stateTypes, type Tensor } from "../../graph.ts";
import { type Schedule, schedule } from "../../schedule.ts";
import { type Backend, type Numbers, requireLength, type Session, stateType, viewOf } from "../../session.ts";
import { bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import { type CountedBuffer, makeBuffer, type MemoryPlan, planMemory, wholeWords } from "./memory.ts";
import { DeviceLostError, type OpenDevice, openDevice } from "./device.ts";
import { shaderOf } from "./shader.ts";

interface Compiled {
  readonly schedule: Schedule;
  /** Compiled when the program first runs, because the driver takes a few milliseconds per item. */
  dispatches?: Promise<Dispatches>;
}

/** Pipelines in order, one for each item. */
type Dispatches = readonly { pipeline: GPUComputePipeline; workgroups: readonly [number, number, number] }[];

/** Steps submitted to the GPU together. Their outputs fill the rows of `staging` from `row` on. */
interface Batch {
  firstStep: number;
  steps: number;
  staging: CountedBuffer;
  row: number;
}

/** Steps whose per-step scalars are uploaded together. */
const TABLE_STEPS = 64;
/** After work fails, how long to wait for a report that the device was lost. */
const LOSS_NEWS_MS = 200;

class WebGpuSession implements Session {
  readonly device = "webgpu";
  readonly #gpu: OpenDevice;
  readonly #types: ReadonlyMap<string, TensorType>;
  readonly #plan: MemoryPlan;
  readonly #memory: CountedBuffer;
  readonly #bytes: CountedBuffer;
  /** The per-step scalars of `TABLE_STEPS` steps. */
  readonly #table: CountedBuffer;
  readonly #layout: GPUBindGroupLayout;
  readonly #bindings: GPUBindGroup;
  readonly #compiled: ReadonlyMap<string, Compiled>;
  #isClosed = false;

  constructor(
    gpu: OpenDevice,
    types: ReadonlyMap<string, TensorType>,
    schedules: ReadonlyMap<string, Schedule>,
    plan: MemoryPlan,
  ) {
    this.#gpu = gpu;
    this.#types = types;
    this.#plan = plan;
    const { device } = gpu;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#memory = makeBuffer(device, "memory", plan.memoryBytes, storage);
    this.#bytes = makeBuffer(device, "bytes", plan.byteBytes, storage);
    const transfer = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#table = makeBuffer(device, "per-step inputs", plan.rowBytes * TABLE_STEPS, transfer);
    this.#layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: "read-only-storage" } },
      ],
    });
    this.#bindings = device.createBindGroup({
      layout: this.#layout,
      entries: [
        { binding: 0, resource: { buffer: this.#memory.buffer } },
        { binding: 1, resource: { buffer: this.#bytes.buffer } },
      ],
    });
    this.#compiled = new Map([...schedules].map(([name, schedule]) => [name, { schedule }]));
    for (const { at, values } of plan.constants) device.queue.writeBuffer(this.#memory.buffer, at, values);
  }

  write(name: string, values: Numbers): void {
    const type = stateType(this.#types, name);
    requireLength(name, values, sizeOf(type.shape));
    const { buffer, offset } = this.#plan.stateAt(name);
    const target = buffer === "bytes" ? this.#bytes : this.#memory;
    this.#gpu.device.queue.writeBuffer(target.buffer, offset, wholeWords(values));
  }

  async read(name: string): Promise<Numbers> {
    const type = stateType(this.#types, name);
    const { buffer, offset } = this.#plan.stateAt(name);
    const source = buffer === "bytes" ? this.#bytes : this.#memory;
    const size = Math.ceil(bytesOf(type) / 4) * 4;
    const encoder = this.#gpu.device.createCommandEncoder();
    const staging = this.#stagingBuffer(size);
    encoder.copyBufferToBuffer(source.buffer, offset, staging.buffer, 0, size);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const copied = await this.#download(staging);
    return viewOf(copied, type.dtype, 0, sizeOf(type.shape));
  }

  async run(program: string, firstStep: number, steps: number): Promise<Record<string, Float32Array>> {
    const compiled = this.#compiled.get(program);
    if (compiled === undefined) throw new Error(`no program is called ${program}`);
    const { outputs } = compiled.schedule;
    compiled.dispatches ??= this.#compile(compiled.schedule);
    const dispatches = await compiled.dispatches;
    const staging = this.#stagingBuffer(4 * outputs.length * steps);
    try {
      for (let done = 0; done < steps; done += TABLE_STEPS) {
        const count = Math.min(TABLE_STEPS, steps - done);
        this.#submit(compiled.schedule, dispatches, { firstStep: firstStep + done, steps: count, staging, row: done });
      }
    } catch (error) {
      staging.destroy();
      await this.#requireDeviceSoon();
      throw error;
    }
    const values = new Float32Array(await this.#download(staging));
    return Object.fromEntries(outputs.map(([name], i) => {
      return [name, Float32Array.from({ length: steps }, (_, step) => values[step * outputs.length + i])];
    }));
  }

  #submit(schedule: Schedule, dispatches: Dispatches, { firstStep, steps, staging, row }: Batch): void {
    const { device } = this.#gpu;
    const { perStep, outputs } = schedule;
    const inputBytes = 4 * perStep.length;
    if (inputBytes > 0) device.queue.writeBuffer(this.#table.buffer, 0, perStepTable(perStep, firstStep, steps));
    const encoder = device.createCommandEncoder();
    for (let step = 0; step < steps; step++) {
      if (inputBytes > 0) {
        encoder.copyBufferToBuffer(
          this.#table.buffer,
          step * inputBytes,
          this.#memory.buffer,
          this.#plan.rowAt,
          inputBytes,
        );
      }
      const pass = encoder.beginComputePass();
      pass.setBindGroup(0, this.#bindings);
      for (const { pipeline, workgroups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(...workgroups);
      }
      pass.end();
      outputs.forEach(([, node], i) => {
        const at = this.#plan.locate(schedule)(node).offset * 4;
        encoder.copyBufferToBuffer(this.#memory.buffer, at, staging.buffer, 4 * ((row + step) * outputs.length + i), 4);
      });
    }
    device.queue.submit([encoder.finish()]);
  }

  async #compile(schedule: Schedule): Promise<Dispatches> {
    const { device } = this.#gpu;
    device.pushErrorScope("validation");
    const layout = device.createPipelineLayout({ bindGroupLayouts: [this.#layout] });
    const locate = this.#plan.locate(schedule);
    const constantOf = (node: Tensor) => {
      const location = schedule.locationOf(node);
      return location.kind === "constant" ? location.value : undefined;
    };
    const dispatches = schedule.items.map((item) => {
      const { code, workgroups } = shaderOf(item, locate, constantOf);
      const label = item.kind === "loop" ? item.nodes.map((node) => node.op.name).join(" ") : item.node.op.name;
      const module = device.createShaderModule({ label, code });
      const pipeline = device.createComputePipeline({ label, layout, compute: { module, entryPoint: "main" } });
      return { pipeline, workgroups };
    });
    const error = await device.popErrorScope();
    if (error) throw new Error(`WebGPU refuses a kernel: ${error.message}`);
    return dispatches;
  }

  #stagingBuffer(bytes: number): CountedBuffer {
    this.#requireDevice();
    return makeBuffer(this.#gpu.device, "staging", bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  /** Waits until the GPU has filled a staging buffer, and returns its contents. Destroys the buffer. */
  async #download(staging: CountedBuffer): Promise<ArrayBuffer> {
    try {
      await staging.buffer.mapAsync(GPUMapMode.READ);
      const copied = staging.buffer.getMappedRange().slice(0);
      staging.buffer.unmap();
      return copied;
    } catch (error) {
      await this.#requireDeviceSoon();
      throw error;
    } finally {
      staging.destroy();
    }
  }

  #requireDevice(): void {
    if (this.#isClosed) throw new Error("this session was closed");
    if (this.#gpu.lost !== undefined) {
      throw new DeviceLostError(`the GPU was lost during the work: ${this.#gpu.lost}`);
    }
  }

  /** Like `requireDevice`, for use after work has failed: the report of a lost device may arrive a moment later. */
  async #requireDeviceSoon(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => timer = setTimeout(resolve, LOSS_NEWS_MS));
    await Promise.race([this.#gpu.device.lost, late]);
    clearTimeout(timer);
    this.#requireDevice();
  }

  close(): void {
    this.#isClosed = true;
    for (const buffer of [this.#memory, this.#bytes, this.#table]) buffer.destroy();
  }
}

/** The values of per-step scalars: a row for each step. */
function perStepTable(perStep: readonly Tensor[], firstStep: number, steps: number): ArrayBuffer {
  const table = new ArrayBuffer(4 * perStep.length * steps);
  const floats = new Float32Array(table), ints = new Int32Array(table);
  for (let step = 0; step < steps; step++) {
    perStep.forEach((node, slot) => {
      (node.dtype === "f32" ? floats : ints)[step * perStep.length + slot] = perStepValue(node, firstStep + step);
    });
  }
  return table;
}

/**
 * Runs programs on the GPU. Opening a session fails if there is no GPU, or if one of its buffers cannot hold the
 * session's memory.
 */
export const webgpuBackend: Backend = {
  name: "webgpu",
  async open(programs: Readonly<Record<string, Program>>) {
    const gpu = await openDevice();
    const types = stateTypes(Object.values(programs));
    const schedules = new Map(Object.entries(programs).map(([name, program]) => [name, schedule(program)]));
    const plan = planMemory(types, [...schedules.values()]);
    const needed = Math.max(plan.memoryBytes, plan.byteBytes);
    const limit = Math.min(gpu.device.limits.maxStorageBufferBindingSize, gpu.device.limits.maxBufferSize);
    if (needed > limit) {
      throw new RangeError(`the model and its batch need ${needed} bytes in one buffer; this GPU allows ${limit}`);
    }
    return new WebGpuSession(gpu, types, schedules, plan);
  },
};
