/** Buffers that are counted, for those that are not destroyed stay until the process ends. */

let live = 0;

/** Number of buffers made here and not destroyed yet. */
export function liveBuffers(): number {
  return live;
}

export interface CountedBuffer {
  readonly buffer: GPUBuffer;
  destroy(): void;
}

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
