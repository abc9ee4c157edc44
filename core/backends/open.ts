/** The only place that knows every backend. */
import type { Backend } from "../session.ts";
import { referenceBackend } from "./reference/backend.ts";
import { wasmBackendWith } from "./wasm/backend.ts";
import type { RuleSet } from "./wasm/rewrite.ts";
import { allRules, predictionRules } from "./wasm/rules.ts";
import { webgpuBackend } from "./webgpu/backend.ts";

export { type AdapterInfo, findAdapter } from "./webgpu/device.ts";

/** A backend by name. */
export type DeviceName = "webgpu" | "wasm" | "reference";

export interface BackendOptions {
  /** Threads of the WASM backend; 1 by default. */
  threads?: number;
}

const BACKENDS: Readonly<Record<DeviceName, (rules: RuleSet, options: BackendOptions) => Backend>> = {
  webgpu: () => webgpuBackend,
  wasm: (rules, { threads }) => wasmBackendWith(rules, { threads }),
  reference: () => referenceBackend,
};

/** The backend for any programs, trainings among them. */
export function backendFor(device: DeviceName, options: BackendOptions = {}): Backend {
  return BACKENDS[device](allRules, options);
}

/**
 * The backend for programs that compute no gradients of weights. It runs all others too, only slower: it lacks the kernels
 * that are for training, so a page that imports this function, and not `backendFor`, does not carry them.
 */
export function predictionBackendFor(device: DeviceName): Backend {
  return BACKENDS[device](predictionRules, {});
}
