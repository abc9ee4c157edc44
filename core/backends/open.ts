/** The only place that knows every backend. */
import type { Backend } from "../session.ts";
import { referenceBackend } from "./reference/backend.ts";
import { wasmBackend } from "./wasm/backend.ts";
import { webgpuBackend } from "./webgpu/backend.ts";

export { type AdapterInfo, findAdapter } from "./webgpu/device.ts";

export type DeviceName = "webgpu" | "wasm" | "reference";

const BACKENDS: Readonly<Record<DeviceName, () => Backend>> = {
  webgpu: () => webgpuBackend,
  wasm: () => wasmBackend(),
  reference: () => referenceBackend,
};

export function backendFor(device: DeviceName): Backend {
  return BACKENDS[device]();
}
