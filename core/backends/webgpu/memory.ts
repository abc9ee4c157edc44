/** Assigns everything a session stores an offset in one of its two buffers. */
import { constantValue, type Tensor } from "../../graph.ts";
import { aligned, type Schedule } from "../../schedule.ts";
import type { Numbers } from "../../session.ts";
import { BYTES, bytesOf, sizeOf, type TensorType } from "../../shape.ts";
import type { Locate } from "./shader.ts";

/** What is stored where in a session's two buffers: `memory` for numbers, `bytes` for u8 state. */
export interface MemoryPlan {
  /** Size of the buffer `memory`. */
  readonly memoryBytes: number;
  /** Size of the buffer `bytes`. */
  readonly byteBytes: number;
  /** The buffer of a state and its byte offset there. */
  stateAt(name: string): { buffer: "memory" | "bytes"; offset: number };
  /** The byte offset in `memory` of the current step's per-step scalars. */
  readonly rowAt: number;
  /** Bytes reserved for them: enough for the program that has the most. */
  readonly rowBytes: number;
  /** Constants, which are written once, with their byte offsets in `memory`. */
  readonly constants: readonly { at: number; values: Float32Array<ArrayBuffer> }[];
  /** Finds the tensors of `schedule`. */
  locate(schedule: Schedule): Locate;
}

/** Plans the memory of a session with this state and these programs, which share one arena. */
export function planMemory(types: ReadonlyMap<string, TensorType>, schedules: readonly Schedule[]): MemoryPlan {
  const end = { memory: 0, bytes: 0 };
  const take = (buffer: "memory" | "bytes", bytes: number) => {
    const at = end[buffer];
    end[buffer] += aligned(bytes);
    return at;
  };
  const states = new Map([...types].map(([name, type]) => {
    const buffer = type.dtype === "u8" ? "bytes" as const : "memory" as const;
    return [name, { buffer, offset: take(buffer, bytesOf(type)) }];
  }));
  const constants = schedules.flatMap((schedule) => schedule.constants).map((node) => {
    const value = constantValue(node)!;
    return { node, at: take("memory", bytesOf(node)), values: new Float32Array(sizeOf(node.shape)).fill(value) };
  });
  const constantAt = new Map(constants.map(({ node, at }) => [node, at]));
  const rowBytes = Math.max(0, ...schedules.map(({ perStep }) => 4 * perStep.length));
  const rowAt = take("memory", rowBytes);
  const arena = take("memory", Math.max(0, ...schedules.map(({ arenaBytes }) => arenaBytes)));
  return {
    memoryBytes: end.memory,
    byteBytes: end.bytes,
    stateAt: (name) => states.get(name)!,
    rowAt,
    rowBytes,
    constants,
    locate: (schedule) => (node: Tensor) => {
      const location = schedule.locationOf(node);
      if (location.kind === "state") {
        const { buffer, offset } = states.get(location.name)!;
        return { buffer, offset: offset / BYTES[types.get(location.name)!.dtype] };
      }
      if (location.kind === "perStep") return { buffer: "memory", offset: rowAt / 4 + location.slot };
      const at = location.kind === "arena" ? arena + location.offset : constantAt.get(node)!;
      return { buffer: "memory", offset: at / 4 };
    },
  };
}

/** Counts GPU buffers, because a buffer that is not destroyed stays allocated until the process ends. */

let live = 0;

/** The number of buffers that have been created but not yet destroyed. */
export function liveBuffers(): number {
  return live;
}

/** A buffer that `liveBuffers` counts until it is destroyed. */
export interface CountedBuffer {
  readonly buffer: GPUBuffer;
  /** Frees the memory. Calling it again does nothing. */
  destroy(): void;
}

/** A buffer of at least `bytes` bytes, rounded up to whole words. */
export function makeBuffer(device: GPUDevice, label: string, bytes: number, usage: GPUBufferUsageFlags): CountedBuffer {
  const buffer = device.createBuffer({ label, size: Math.max(4, Math.ceil(bytes / 4) * 4), usage });
  live++;
  let isDestroyed = false;
  return {
    buffer,
    destroy() {
      if (isDestroyed) return;
      isDestroyed = true;
      live--;
      buffer.destroy();
    },
  };
}

/** `values`, padded to whole words, as `GPUQueue.writeBuffer` requires. */
export function wholeWords(values: Numbers): Numbers & ArrayBufferView<ArrayBuffer> {
  const isShared = typeof SharedArrayBuffer !== "undefined" && values.buffer instanceof SharedArrayBuffer;
  if (values.byteLength % 4 === 0 && !isShared) return values as Numbers & ArrayBufferView<ArrayBuffer>;
  const bytes = new Uint8Array(Math.ceil(values.byteLength / 4) * 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytes;
}
