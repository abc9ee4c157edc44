/** Backends by name: the only file that knows all of them. */
import type { Backend } from "../session.ts";
import { referenceBackend } from "./reference/backend.ts";
import { wasmBackend } from "./wasm/backend.ts";
import { webgpuBackend } from "./webgpu/backend.ts";

export { type AdapterInfo, findAdapter } from "./webgpu/device.ts";

/** The backends that a user can choose. */
export type DeviceName = "webgpu" | "wasm" | "reference";

/** Options for all backends; each uses those that concern it. */
export interface BackendOptions {
  /**
   * Threads of the WASM backend.
   * @default 1
   */
  threads?: number;
}

const BACKENDS: Readonly<Record<DeviceName, (options: BackendOptions) => Backend>> = {
  webgpu: () => webgpuBackend,
  wasm: ({ threads }) => wasmBackend({ threads }),
  reference: () => referenceBackend,
};

/** The backend called `device`. Opening a session may fail if the machine lacks the device, such as a GPU. */
export function backendFor(device: DeviceName, options: BackendOptions = {}): Backend {
  return BACKENDS[device](options);
}
