import { type DeviceName, findAdapter } from "../../../core/backends/open.ts";

/**
 * The devices to try in order. A GPU is worth its detour only when it is one: drivers that pretend to be a GPU are slower
 * than WASM. `wished` (`webgpu` or `wasm`) is obeyed; anything else counts as no wish.
 */
export async function chooseDevices(wished: string | null, find = findAdapter): Promise<DeviceName[]> {
  if (wished === "webgpu" || wished === "wasm") return [wished];
  const adapter = await find().catch(() => undefined);
  return adapter === undefined || adapter.isSoftware ? ["wasm"] : ["webgpu", "wasm"];
}
