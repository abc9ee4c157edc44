import assert from "node:assert/strict";
import { chooseDevices, openStored } from "./open_stored.ts";
import { writeSafetensors } from "../../../core/formats/safetensors.ts";
import type { ModelSpec, NamedTensor } from "../../../core/models/spec.ts";
import { initialParameters } from "../../../core/models/parameters.ts";
import { openPredictor } from "../../../core/training/predictor.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { FakeLab } from "../wire/fake_lab_testing.ts";
import { StoredWeights } from "../wire/stored_models.ts";

const adapter = (isSoftware: boolean) => () => Promise.resolve({ description: "an adapter", isSoftware });
const none = () => Promise.resolve(undefined);

Deno.test("a hardware GPU is used if there is one, WASM if it fails, and a software GPU only on request", async () => {
  assert.deepEqual(await chooseDevices(null, adapter(false)), ["webgpu", "wasm"]);
  assert.deepEqual(await chooseDevices(null, adapter(true)), ["wasm"]);
  assert.deepEqual(await chooseDevices(null, none), ["wasm"]);
  assert.deepEqual(await chooseDevices("webgpu", adapter(true)), ["webgpu"]);
  assert.deepEqual(await chooseDevices("wasm", adapter(false)), ["wasm"]);
  assert.deepEqual(await chooseDevices("abacus", none), ["wasm"]);
});

Deno.test("a browser that fails to name its GPU is treated as having none", async () => {
  assert.deepEqual(await chooseDevices(null, () => Promise.reject(new Error("blocked"))), ["wasm"]);
});

const record = { id: "m 1" } as ModelRecord;
const path = "/api/models/m%201/model.safetensors";
const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [16, 8], dropout: 0.5 };
const texts = { model_type: "SimpleNN", hidden_layers_config: "[16,8]", use_dropout: "true", dropout_p: "0.5" };
const weights = initialParameters(spec, 7);
const drawing = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 256);

function opener(tensors: readonly NamedTensor[], devices: ("webgpu" | "wasm")[] = ["wasm"]) {
  const lab = new FakeLab();
  lab.files.set(path, writeSafetensors(tensors, texts));
  return openStored(new StoredWeights(lab), Promise.resolve(devices));
}

Deno.test("a model opened from its file gives the same probabilities as the model itself", async () => {
  const model = await opener(weights)(record);
  const oracle = await openPredictor(spec, weights, { device: "reference" });
  const answer = await model.predict(drawing);
  const expected = await oracle.predict(drawing);
  assert.equal(model.device, "wasm");
  answer.forEach((share, digit) => assert.ok(Math.abs(share - expected[digit]) < 1e-5, `digit ${digit}`));
  model.close();
  oracle.close();
});

Deno.test("a file whose layers differ from its metadata is refused, and so is a missing file", async () => {
  await assert.rejects(opener(weights.slice(2))(record), /4 were found/);
  await assert.rejects(openStored(new StoredWeights(new FakeLab()), Promise.resolve(["wasm"]))(record), /unreachable/);
});

Deno.test("weights are downloaded once, and again for another version or after a failure", async () => {
  const lab = new FakeLab();
  let downloads = 0;
  const stored = new StoredWeights({ download: (path) => (downloads++, lab.download(path)) });
  await assert.rejects(stored.get("m 1"), /unreachable/);
  lab.files.set(path, writeSafetensors(weights, texts));
  const first = stored.get("m 1");
  assert.equal(stored.get("m 1"), first);
  await first;
  assert.equal(downloads, 2);
  await stored.get("m 1", "retrained");
  await stored.get("m 1");
  assert.equal(downloads, 3, "both are kept");
  await stored.get("m 1", "retrained again");
  await stored.get("m 1", "retrained");
  assert.equal(downloads, 5, "the least recently used model was dropped");
});
