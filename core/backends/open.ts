/** The only place that knows every backend. */
import type { Backend } from "../session.ts";
import { referenceBackend } from "./reference/backend.ts";
import { wasmBackend } from "./wasm/backend.ts";
import { webgpuBackend } from "./webgpu/backend.ts";

export { type AdapterInfo, findAdapter } from "./webgpu/device.ts";

export type DeviceName = "webgpu" | "wasm" | "reference";

export interface BackendOptions {
  /** Threads of the WASM backend; 1 by default. */
  threads?: number;
}

const BACKENDS: Readonly<Record<DeviceName, (options: BackendOptions) => Backend>> = {
  webgpu: () => webgpuBackend,
  wasm: ({ threads }) => wasmBackend({ threads }),
  reference: () => referenceBackend,
};

export function backendFor(device: DeviceName, options: BackendOptions = {}): Backend {
  return BACKENDS[device](options);
}
