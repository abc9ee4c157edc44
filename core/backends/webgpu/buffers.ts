/** Counts GPU buffers, because a buffer that is not destroyed stays allocated until the process ends. */
import type { Numbers } from "../../session.ts";

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
