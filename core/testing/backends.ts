/** The backends that a test runs on, each against the reference. */
import { findAdapter } from "../backends/webgpu/device.ts";
import { wasmBackend } from "../backends/wasm/backend.ts";
import { webgpuBackend } from "../backends/webgpu/backend.ts";
import type { Backend } from "../session.ts";

const adapter = await findAdapter();

/** Whether tests on WebGPU can run here; without an adapter they are skipped by name. */
export const hasWebGpu = adapter !== undefined;

export interface TestedBackend {
  name: string;
  backend: Backend;
  ignore: boolean;
}

export const testedBackends: readonly TestedBackend[] = [
  { name: "WASM with relaxed FMA", backend: wasmBackend({ relaxedFma: true }), ignore: false },
  { name: "WASM with plain SIMD", backend: wasmBackend({ relaxedFma: false }), ignore: false },
  { name: "WebGPU", backend: webgpuBackend, ignore: !hasWebGpu },
];
