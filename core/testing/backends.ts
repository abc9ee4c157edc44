/** The backends that tests compare with the reference. */
import { wasmBackend } from "../backends/wasm/backend.ts";
import { webgpuBackend } from "../backends/webgpu/backend.ts";
import { findAdapter } from "../backends/webgpu/device.ts";
import type { Backend } from "../session.ts";

const adapter = await findAdapter();

/** Whether there is a GPU, real or emulated. Without one, tests on WebGPU are skipped by name. */
export const hasWebGpu = adapter !== undefined;

/** A backend under test. */
export interface TestedBackend {
  name: string;
  backend: Backend;
  /** Whether it cannot run on this machine. */
  ignore: boolean;
}

/** All backends but the reference, in all their variants. */
export const testedBackends: readonly TestedBackend[] = [
  { name: "WASM with relaxed FMA", backend: wasmBackend({ relaxedFma: true }), ignore: false },
  { name: "WASM with plain SIMD", backend: wasmBackend({ relaxedFma: false }), ignore: false },
  { name: "WebGPU", backend: webgpuBackend, ignore: !hasWebGpu },
];
