/** Looks backends up by name. No other file knows all of them. */
import type { Backend } from "../session.ts";
import { wasmBackendWith } from "./wasm/backend.ts";
import type { RuleSet } from "./wasm/rewrite.ts";
import { allRules, predictionRules } from "./wasm/rules.ts";

export { type AdapterInfo, findAdapter } from "./webgpu/device.ts";

/** The backends that a user can choose. */
export type DeviceName = "webgpu" | "wasm" | "reference";

/** Options for all backends; each reads the ones that apply to it. */
export interface BackendOptions {
  /**
   * Threads of the WASM backend.
   * @default 1
   */
  threads?: number;
}

/** A backend whose code is loaded when it is first opened, because most pages need only one. */
function lazyBackend(name: DeviceName, load: () => Promise<Backend>): Backend {
  return { name, open: async (programs) => await (await load()).open(programs) };
}

const webgpuBackend = lazyBackend("webgpu", async () => (await import("./webgpu/backend.ts")).webgpuBackend);
const referenceBackend = lazyBackend(
  "reference",
  async () => (await import("./reference/backend.ts")).referenceBackend,
);

const BACKENDS: Readonly<Record<DeviceName, (rules: RuleSet, options: BackendOptions) => Backend>> = {
  webgpu: () => webgpuBackend,
  wasm: (rules, { threads }) => wasmBackendWith(rules, { threads }),
  reference: () => referenceBackend,
};

/**
 * The backend called `device`, for any program. Opening a session fails if the machine lacks the device, such as a GPU.
 */
export function backendFor(device: DeviceName, options: BackendOptions = {}): Backend {
  return BACKENDS[device](allRules, options);
}

/**
 * The backend for programs that compute no gradients of weights. It runs other programs too, but more slowly: it lacks
 * the training kernels, so a page that imports this function instead of `backendFor` does not have to load them.
 */
export function predictionBackendFor(device: DeviceName): Backend {
  return BACKENDS[device](predictionRules, {});
}
