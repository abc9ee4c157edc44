import assert from "node:assert/strict";
import { writeOnnx } from "../../core/formats/onnx/writer.ts";
import { specFromMetadata } from "../../core/formats/recognise/known_model.ts";
import { readSafetensors } from "../../core/formats/safetensors.ts";
import { type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import { RegistryError, specOf } from "../../lab/models/mod.ts";
import { createServiceApp } from "./app.ts";
import { addModelRoutes, type ModelFiles } from "./model_routes.ts";
import { testModel } from "../../lab/models/registry_testing.ts";
import { readSettings } from "../process/settings.ts";

const record: ModelRecord = {
  id: "m1",
  filename: "m1.pth",
  timestamp: 1,
  ...testModel,
  hidden_layers_config: [4, 3],
  use_dropout: true,
  dropout_p: 0.25,
  homemade: { by: "someone" },
};
const weights: NamedTensor[] = parameterSpecs(specOf(record)).map(({ name, shape }, i) => (
  { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i) }
));
const checkpoint = Uint8Array.of(80, 75, 3, 4);

function createApp(files: Partial<ModelFiles> = {}, records = [record]) {
  const app = createServiceApp(readSettings(() => undefined), "training");
  addModelRoutes(app, {
    list: () => Promise.resolve(records),
    get: (id) => Promise.resolve(records.find((record) => record.id === id)),
    readWeights: () => Promise.resolve(weights),
    openPth: () => Promise.resolve({ size: checkpoint.length, stream: new Blob([checkpoint]).stream() }),
    pthVersion: () => Promise.resolve("1"),
    ...files,
  });
  return (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://localhost/api/models${path}`, { headers });
}

Deno.test("records are listed, and each is found by its id", async () => {
  const get = createApp();
  assert.deepEqual(await (await get("")).json(), [record]);
  assert.deepEqual(await (await get("/m1")).json(), record);
});

Deno.test("the stored file is sent as it is on disk, with the model's name", async () => {
  const response = await createApp()("/m1/model.pth");
  assert.deepEqual(await response.bytes(), checkpoint);
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="m1.pth"');
});

Deno.test("a safetensors file alone is enough to run the model and to read its record", async () => {
  const response = await createApp()("/m1/model.safetensors");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="m1.safetensors"');
  const { tensors, metadata } = readSafetensors(await response.bytes());
  assert.deepEqual(tensors, weights);
  assert.deepEqual(specFromMetadata(metadata), specOf(record));
  assert.deepEqual([metadata.id, metadata.accuracy, metadata.homemade], ["m1", "94.1", '{"by":"someone"}']);
});

Deno.test("an ONNX file holds the network, its weights and its record", async () => {
  const response = await createApp()("/m1/model.onnx");
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="m1.onnx"');
  const { homemade: _, ...fields } = record;
  const texts = Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  assert.deepEqual(
    await response.bytes(),
    writeOnnx(specOf(record), weights, { ...texts, homemade: '{"by":"someone"}' }),
  );
});

/** The ETag of a file. */
async function etagOf(response: Response | Promise<Response>): Promise<string> {
  return (await response).headers.get("etag")!;
}

Deno.test("a browser that has the file does not get it again", async () => {
  const etag = await etagOf(createApp()("/m1/model.safetensors"));
  const get = createApp({ readWeights: () => assert.fail("nothing has to be read") });
  const response = await get("/m1/model.safetensors", { "if-none-match": etag });
  assert.equal(response.status, 304);
  assert.equal(await etagOf(response), etag);
});

Deno.test("a browser gets the file again after another program has changed it or its record", async () => {
  for (const path of ["/m1/model.pth", "/m1/model.safetensors", "/m1/model.onnx"]) {
    const etag = await etagOf(createApp()(path));
    const rewritten = createApp({ pthVersion: () => Promise.resolve("2") });
    const edited = createApp({}, [{ ...record, accuracy: 95 }]);
    for (const get of [rewritten, edited]) {
      const response = await get(path, { "if-none-match": etag });
      assert.equal(response.status, 200);
      assert.notEqual(await etagOf(response), etag);
    }
  }
});

Deno.test("a model whose id cannot be in a header can still be downloaded", async () => {
  const id = 'a"b\r\nü';
  const response = await createApp({}, [{ ...record, id }])(`/${encodeURIComponent(id)}/model.pth`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="a_b___.pth"');
});

Deno.test("a missing model gives a 404, an unreadable one a 409 that says why", async () => {
  for (const path of ["/m2", "/m2/model.pth", "/m2/model.safetensors", "/m2/model.onnx"]) {
    const response = await createApp()(path);
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { error: 'There is no model "m2".' });
  }
  const damaged = () => Promise.reject(new RegistryError("the file of model m1 is damaged"));
  for (const files of [{ readWeights: damaged, openPth: damaged }, { pthVersion: damaged }]) {
    for (const path of ["/m1/model.pth", "/m1/model.safetensors", "/m1/model.onnx"]) {
      const response = await createApp(files)(path);
      assert.equal(response.status, 409);
      assert.deepEqual(await response.json(), { error: "the file of model m1 is damaged" });
    }
  }
});

Deno.test("ten thousand up-to-date records are listed in well under a second", async () => {
  const records = Array.from({ length: 10_000 }, (_, i) => ({ ...record, id: `m${i}` }));
  const get = createApp({}, records);
  assert.deepEqual(await (await get("")).json(), records);
  records[9_999] = { ...record, id: "changed" };
  const start = performance.now();
  const response = await get("");
  const listed = await response.text();
  assert.ok(performance.now() - start < 500);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.deepEqual(JSON.parse(listed), records);
});
