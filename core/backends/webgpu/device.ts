/** The GPU of this process: opened when first asked for, and anew after it was lost. */

export interface AdapterInfo {
  readonly description: string;
  /** A processor that pretends to be a GPU, such as llvmpipe or SwiftShader. */
  readonly isSoftware: boolean;
}

export class DeviceLostError extends Error {
  override name = "DeviceLostError";
}

export interface OpenDevice {
  readonly device: GPUDevice;
  readonly info: AdapterInfo;
  /** The reason, once the device was lost. */
  lost?: string;
}

let current: Promise<OpenDevice> | undefined;
let latest: OpenDevice | undefined;

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|warp|basic render/i;

async function requestAdapter(): Promise<GPUAdapter | null> {
  // A page over plain HTTP from another machine has no `gpu` at all.
  if (typeof navigator === "undefined" || !navigator.gpu) return null;
  return await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
}

function infoOf({ info }: GPUAdapter): AdapterInfo {
  const description = [info.description, info.architecture, info.vendor].find((text) => text) ?? "unknown adapter";
  return { description, isSoftware: info.isFallbackAdapter === true || SOFTWARE.test(JSON.stringify(namesOf(info))) };
}

function namesOf({ description, architecture, vendor, device }: GPUAdapterInfo): string[] {
  return [description, architecture, vendor, device].map(String);
}

/** What adapter there is, without opening a device; undefined when there is none. */
export async function findAdapter(): Promise<AdapterInfo | undefined> {
  const adapter = await requestAdapter();
  return adapter ? infoOf(adapter) : undefined;
}

async function open(): Promise<OpenDevice> {
  const adapter = await requestAdapter();
  if (!adapter) throw new Error("WebGPU finds no adapter here; choose the device wasm, or install a Vulkan driver");
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });
  const opened: OpenDevice = { device, info: infoOf(adapter) };
  device.lost.then(({ message, reason }) => {
    opened.lost = message || reason || "no reason given";
    // A device that was given back long ago must not take its successor with it.
    if (latest === opened) current = undefined;
  });
  latest = opened;
  return opened;
}

export function openDevice(): Promise<OpenDevice> {
  current ??= open().catch((error) => {
    current = undefined;
    throw error;
  });
  return current;
}

/** Gives the device back, for tests and at the end of a process. */
export async function closeDevice(): Promise<void> {
  const opened = await current?.catch(() => undefined);
  current = undefined;
  opened?.device.destroy();
}
