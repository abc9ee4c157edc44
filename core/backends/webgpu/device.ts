/** The GPU of this process: opened when it is first needed, and reopened after it was lost. */

/** What is known about a GPU before it is opened. */
export interface AdapterInfo {
  /** Display name: the GPU, or else its architecture or vendor. */
  readonly description: string;
  /** Whether a CPU emulates the GPU, as llvmpipe and SwiftShader do. */
  readonly isSoftware: boolean;
}

/** Thrown when the GPU goes away while it is in use. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
}

/** An open GPU. */
export interface OpenDevice {
  readonly device: GPUDevice;
  readonly info: AdapterInfo;
  /** The reason why the device was lost, once it was. */
  lost?: string;
}

let current: Promise<OpenDevice> | undefined;
let latest: OpenDevice | undefined;

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|warp|basic render/i;

async function requestAdapter(): Promise<GPUAdapter | null> {
  // A page that was loaded over plain HTTP from another machine has no `gpu`.
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

/** The GPU that `openDevice` would open, if there is one. */
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
    // This device may have been closed and replaced long ago; do not close its successor.
    if (latest === opened) current = undefined;
  });
  latest = opened;
  return opened;
}

/**
 * The GPU of this process, which all sessions share.
 * @throws {Error} When there is none.
 */
export function openDevice(): Promise<OpenDevice> {
  current ??= open().catch((error) => {
    current = undefined;
    throw error;
  });
  return current;
}

/** Closes the GPU, for tests and at the end of a process. */
export async function closeDevice(): Promise<void> {
  const opened = await current?.catch(() => undefined);
  current = undefined;
  opened?.device.destroy();
}
