import assert from "node:assert/strict";
import { chooseDevices } from "./choose_devices.ts";

const adapter = (isSoftware: boolean) => () => Promise.resolve({ description: "an adapter", isSoftware });
const none = () => Promise.resolve(undefined);

Deno.test("a GPU is used where there is one, with WASM behind it, and a pretended one only when asked for", async () => {
  assert.deepEqual(await chooseDevices(null, adapter(false)), ["webgpu", "wasm"]);
  assert.deepEqual(await chooseDevices(null, adapter(true)), ["wasm"]);
  assert.deepEqual(await chooseDevices(null, none), ["wasm"]);
  assert.deepEqual(await chooseDevices("webgpu", adapter(true)), ["webgpu"]);
  assert.deepEqual(await chooseDevices("wasm", adapter(false)), ["wasm"]);
  assert.deepEqual(await chooseDevices("abacus", none), ["wasm"]);
});

Deno.test("a browser that fails to name its GPU has none", async () => {
  assert.deepEqual(await chooseDevices(null, () => Promise.reject(new Error("blocked"))), ["wasm"]);
});
