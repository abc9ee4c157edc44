/** Imports and removes models with the HTTP requests that pages and people send. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readPth } from "../../core/formats/pth/reader.ts";
import { writePth } from "../../core/formats/pth/writer.ts";
import { writeSafetensors } from "../../core/formats/safetensors.ts";
import type { NamedTensor } from "../../core/models/spec.ts";
import { formOf, type ImportLab, pythonModel, withImportLab } from "../testing/open_lab.ts";

const SIMPLE = pythonModel("model_simplenn_adam_1762740520");
const DEEP = pythonModel("model_simplenn_adam_1762740580");
const CONV = pythonModel("model_convnn_adam_1762740640");
/** Their accuracies in PyTorch. */
const ACCURACY = { simple: 80.25, deep: 63.53, conv: 94.75 };
const DEFAULTS = { optimizer: "Adam", learning_rate: 0.001, batch_size: 64, num_epochs: 5, dropout_p: 0.3 };

const octets = { "content-type": "application/octet-stream" };

/** One digit of 10,000: rounding may swap its two best logits. */
function assertAccuracy(actual: number, expected: number) {
  assert.ok(Math.abs(actual - expected) <= 0.0101, `${actual} % instead of ${expected} %`);
}

async function assertUnchanged({ registry, modelsDir }: ImportLab, body: () => Promise<void>) {
  const look = async () => [
    await registry.list(),
    [...Deno.readDirSync(modelsDir)].map(({ name }) => name).filter((name) => name !== ".lock").sort(),
  ];
  const before = await look();
  await body();
  assert.deepEqual(await look(), before);
}

Deno.test("a .pth sent as the body of a request is recognised, scored and stored like a model trained here", async () => {
  await withImportLab(async ({ app, registry, modelsDir, post }) => {
    const { status, headers, body } = await post(SIMPLE, "", octets);
    assert.equal(status, 201, body.error);
    const { id, filename, timestamp, accuracy, ...rest } = body;
    assert.match(id, /^model_simplenn_adam_\d+$/);
    assert.equal(headers.get("location"), `/api/models/${id}`);
    assert.deepEqual([filename, timestamp], [`${id}.pth`, Number(id.split("_")[3])]);
    assertAccuracy(accuracy, ACCURACY.simple);
    assert.deepEqual(rest, {
      ...DEFAULTS,
      model_type: "SimpleNN",
      hidden_layers_config: [8],
      use_dropout: false,
      training_time: 0,
      imported: true,
      assumed: ["optimizer", "learning_rate", "batch_size", "num_epochs", "activation"],
    });
    assert.deepEqual(await registry.list(), [body]);
    assert.deepEqual(await (await app.request(`http://localhost/api/models/${id}`)).json(), body);
    const [stored, brought] = [readPth(Deno.readFileSync(join(modelsDir, filename))), readPth(SIMPLE)];
    assert.deepEqual(stored.map(({ name }) => name), ["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"]);
    assert.deepEqual(stored.map(({ data }) => data), brought.map(({ data }) => data));
  });
});

Deno.test("a file that is sent compressed is stored as it was, and one in an encoding that is not taken is refused", async () => {
  await withImportLab(async ({ registry, post }) => {
    const zipped = new Uint8Array(gzipSync(SIMPLE));
    const { status, body } = await post(zipped, "", { ...octets, "content-encoding": "gzip" });
    assert.equal(status, 201, body.error);
    assertAccuracy(body.accuracy, ACCURACY.simple);
    assert.equal((await post(zipped, "", { ...octets, "content-encoding": "br" })).status, 415);
    assert.equal((await registry.list()).length, 1);
  });
});

Deno.test("how the model was trained is taken from the form's fields, its config, or the query", async () => {
  await withImportLab(async ({ post }) => {
    const config = JSON.stringify({
      ...DEFAULTS,
      model_type: "SimpleNN",
      optimizer: "SGD",
      learning_rate: 0.05,
      num_layers: null,
      hidden_layers_config: [8, 6],
      use_dropout: true,
      dropout_p: 0.25,
    });
    const first = await post(formOf(DEEP, "deep.pth", { config, batch_size: "128", dropout_p: "" }), "?num_epochs=7");
    assert.equal(first.status, 201, first.body.error);
    const { id: _, filename: __, timestamp: ___, accuracy, ...rest } = first.body;
    assertAccuracy(accuracy, ACCURACY.deep);
    assert.deepEqual(rest, {
      model_type: "SimpleNN",
      optimizer: "SGD",
      learning_rate: 0.05,
      batch_size: 128,
      num_epochs: 7,
      hidden_layers_config: [8, 6],
      use_dropout: true,
      dropout_p: 0.25,
      training_time: 0,
      imported: true,
      assumed: ["activation"],
      source: "deep.pth",
    });

    // Numbers are read as on the pages, whatever separates their decimals and thousands.
    const written = await post(
      formOf(SIMPLE, "a.pth", { learning_rate: "0,002", batch_size: "1.024", num_epochs: " 3 " }),
    );
    const { learning_rate, batch_size, num_epochs } = written.body;
    assert.deepEqual([learning_rate, batch_size, num_epochs], [0.002, 1024, 3], written.body.error);

    const conv = await post(formOf(CONV, "conv.pth", { hidden_layers_config: "", optimizer: "AdamW" }));
    assert.equal(conv.status, 201, conv.body.error);
    assert.deepEqual([conv.body.model_type, conv.body.hidden_layers_config], ["ConvNN", []]);
    assertAccuracy(conv.body.accuracy, ACCURACY.conv);
  });
});

Deno.test("a .safetensors file carries its configuration, even if its tensors are sorted by name", async () => {
  await withImportLab(async ({ app, post }) => {
    const { body: { id } } = await post(DEEP, "?use_dropout=true&optimizer=RMSprop&learning_rate=0.002", octets);
    const download = await app.request(`http://localhost/api/models/${id}/model.safetensors`);
    const bytes = await download.bytes();
    await app.request(`http://localhost/api/models/${id}`, { method: "DELETE" });
    const again = await post(formOf(bytes, "model.safetensors"));
    assert.equal(again.status, 201, again.body.error);
    const { optimizer, learning_rate, use_dropout, hidden_layers_config } = again.body;
    assert.deepEqual({ optimizer, learning_rate, use_dropout, hidden_layers_config }, {
      optimizer: "RMSprop",
      learning_rate: 0.002,
      use_dropout: true,
      hidden_layers_config: [8, 6],
    });
    const sorted = readPth(DEEP).sort((a, b) => a.name < b.name ? -1 : 1);
    const { body } = await post(writeSafetensors(sorted, { format: "pt" }));
    assertAccuracy(body.accuracy, ACCURACY.deep);
    assert.equal(body.accuracy, again.body.accuracy);
  });
});

Deno.test("a .pth file of this lab keeps its dropout, which its names reveal", async () => {
  await withImportLab(async ({ app, post }) => {
    const { body: { id } } = await post(SIMPLE, "?use_dropout=true", octets);
    const bytes = await (await app.request(`http://localhost/api/models/${id}/model.pth`)).bytes();
    assert.equal((await post(bytes, "?batch_size=32")).body.use_dropout, true);
  });
});

Deno.test("a duplicate is refused, the error names the stored model, and it is replaced only on request", async () => {
  await withImportLab(async (lab) => {
    const { registry, post } = lab;
    const past = { optimizer: "Adam", learning_rate: "0.001", batch_size: "64", num_epochs: "5" };
    const { body: first } = await post(SIMPLE, `?${new URLSearchParams(past)}`);
    assert.deepEqual(first.assumed, ["activation"]);
    await assertUnchanged(lab, async () => {
      const { status, body } = await post(formOf(SIMPLE, "again.pth", past));
      assert.equal(status, 409);
      assert.match(body.error, new RegExp(`${first.id}\\. Send overwrite=true`));
      assert.deepEqual(body.existing, first);
    });
    const { status, body: second } = await post(formOf(SIMPLE, "again.pth", { ...past, overwrite: "true" }));
    assert.equal(status, 201);
    assert.deepEqual(await registry.list(), [second]);
    assert.notEqual(second.id, first.id);
    assert.equal(second.source, "again.pth");
    // Of two at once, one is stored.
    const again = `?${new URLSearchParams({ ...past, batch_size: "9" })}`;
    const both = await Promise.all([post(SIMPLE, again), post(SIMPLE, again)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409]);
  });
});

Deno.test("imports whose past is unknown say what was assumed and are not duplicates of anything", async () => {
  await withImportLab(async ({ app, registry, post }) => {
    const first = await post(formOf(SIMPLE, "a.pth")),
      second = await post(formOf(SIMPLE, "b.pth", { overwrite: "true" }));
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [second.body.id, first.body.id]);
    assert.equal(await registry.findDuplicate(first.body), undefined);
    const trained = { ...first.body, assumed: undefined };
    assert.equal(await registry.findDuplicate(trained), undefined, "nor is a training run a duplicate of them");

    const { body } = await post(SIMPLE, "?optimizer=SGD&learning_rate=null&batch_size=&num_epochs=NaN&activation=relu");
    assert.deepEqual(body.assumed, ["learning_rate", "batch_size", "num_epochs"], "null, empty and NaN are left out");
    assert.deepEqual([body.optimizer, body.learning_rate, body.batch_size, body.num_epochs], ["SGD", 0.001, 64, 5]);

    // A file of this lab carries what was assumed, but no longer as a fact.
    const download = await app.request(`http://localhost/api/models/${body.id}/model.safetensors`);
    const again = await post(await download.bytes(), "?batch_size=32");
    assert.deepEqual(again.body.assumed, ["learning_rate", "num_epochs"]);
    assert.equal(again.body.optimizer, "SGD");
  });
});

Deno.test("an activation that nobody states is named as assumed, and one that is stated counts", async () => {
  await withImportLab(async ({ app, post }) => {
    const past = { optimizer: "Adam", learning_rate: "0.001", batch_size: "64", num_epochs: "5" };
    const import_ = async (fields: Record<string, string>) => (await post(formOf(DEEP, "deep.pth", fields))).body;
    const again = async (id: string) => {
      const file = await (await app.request(`http://localhost/api/models/${id}/model.safetensors`)).bytes();
      return (await post(formOf(file, "again.safetensors", { overwrite: "true" }))).body;
    };
    const unknown = await import_(past), tanh = await import_({ ...past, activation: "tanh" });
    assert.deepEqual([unknown.assumed, unknown.activation], [["activation"], undefined]);
    assert.deepEqual([tanh.assumed, tanh.activation], [undefined, "tanh"]);
    assert.notEqual(tanh.accuracy, unknown.accuracy, "it is scored with the activation that is stated");
    assert.equal((await post(formOf(DEEP, "twice.pth", past))).status, 409, "its past is known");
    // A file of this lab says what is known, also where its record leaves out what is usual.
    assert.deepEqual((await again(unknown.id)).assumed, ["activation"]);
    assert.equal((await again(tanh.id)).activation, "tanh");
    const relu = await import_({ ...past, activation: "relu", overwrite: "true" });
    assert.deepEqual([(await again(relu.id)).assumed, relu.assumed], [undefined, undefined]);
    // Without hidden layers there is nothing to activate.
    const weights = [{ name: "fc.weight", shape: [10, 784] }, { name: "fc.bias", shape: [10] }].map((tensor) => (
      { ...tensor, data: new Float32Array(tensor.shape.reduce((a, b) => a * b, 1)).fill(0.1) }
    ));
    const linear = (await post(formOf(writeSafetensors(weights, {}), "linear.safetensors", past))).body;
    assert.equal(linear.assumed, undefined, linear.error);
  });
});

Deno.test("every fault of a request is reported with a message, and nothing is stored", async () => {
  const tensors = readPth(SIMPLE);
  const changed = (place: number, tensor: Partial<NamedTensor>) =>
    writePth(tensors.with(place, { ...tensors[place], ...tensor }), "m");
  const large = writePth(tensors.map((tensor) => ({ ...tensor, data: tensor.data.map((x) => x * 1e25) })), "m");
  const noFile = new FormData();
  noFile.append("config", "{}");
  const wide = writePth([
    { name: "a", shape: [2049, 784], data: new Float32Array(2049 * 784) },
    { name: "b", shape: [2049], data: new Float32Array(2049) },
    { name: "c", shape: [10, 2049], data: new Float32Array(10 * 2049) },
    { name: "d", shape: [10], data: new Float32Array(10) },
  ], "m");
  const cases: [body: BodyInit, query: string, message: RegExp][] = [
    ["", "", /^the file is empty$/],
    ["hello", "", /neither a \.pth/],
    ["hello", "?learning_rat=0.05", /^in the query: unknown field `learning_rat`; did you mean `learning_rate`\?$/],
    ["hello", "?config={}", /^in the query: unknown field `config`; /],
    [formOf(SIMPLE, "a.pth", { sed: "1" }), "", /^in the form: unknown field `sed`; known are /],
    [formOf(SIMPLE, "a.pth", { config: '{"homemade": 1}' }), "", /^unknown field `homemade`; known are /],
    [formOf(SIMPLE, "a.pth", { config: '{"optimiser": null}' }), "", /^unknown field `optimiser`; did you mean `opti/],
    [SIMPLE, "?num_layers=2", /num_layers says 2, but the tensors of the file make 1/],
    [SIMPLE.subarray(0, 9000), "", /damaged or cut short/],
    [changed(0, { shape: [784, 8] }), "", /tensor 1, "net\.1\.weight", has shape \[784, 8\]; expected \[out, 784\]/],
    [changed(3, { data: new Float32Array(10).fill(NaN) }), "", /"net\.3\.bias" holds NaN at index 0/],
    [large, "", /^the model's answer to digit \d+ is not a finite number: its weights are too large/],
    [wide, "", /hidden_layers_config\.0 must be a whole number from 1 to 2048, got 2049/],
    [SIMPLE, "?model_type=ConvNN", /model_type says ConvNN, but the tensors of the file make a SimpleNN/],
    [SIMPLE, "?hidden_layers_config=8,8", /hidden_layers_config says \[8, 8\], but .* make \[8\]/],
    [SIMPLE, "?hidden_layers_config=x", /hidden_layers_config\.0 must be a whole number .*, got "x"/],
    [SIMPLE, "?learning_rate=fast", /learning_rate must be a number .*, got "fast"/],
    [SIMPLE, "?learning_rate=2", /learning_rate must be .* at most 1, got 2/],
    [SIMPLE, "?optimizer=Lion", /optimizer must be one of Adam, SGD, RMSprop, AdamW\b.*, got "Lion"/],
    [SIMPLE, "?use_dropout=maybe", /use_dropout must be true or false, got "maybe"/],
    [SIMPLE, "?overwrite=1", /overwrite must be true or false, got 1/],
    [noFile, "", /the form has no file/],
    [formOf(SIMPLE, "a.pth", { config: "{" }), "", /config is not valid JSON/],
    [formOf(SIMPLE, "a.pth", { config: "[]" }), "", /config must be a JSON object/],
    [formOf(SIMPLE, "a.pth", { config: '{"num_epochs": 0}' }), "", /num_epochs must be a whole number from 1 to 200/],
  ];
  await withImportLab(async (lab) => {
    for (const [request, query, message] of cases) {
      await assertUnchanged(lab, async () => {
        const { status, body } = await lab.post(request, query);
        assert.match(String(body.error), message);
        assert.equal(status, 400, body.error);
      });
    }
    await assertUnchanged(lab, async () => {
      const { status, body } = await lab.post("--x", "", { "content-type": "multipart/form-data; boundary=x" });
      assert.deepEqual([status, body.error], [400, "the form is malformed or cut short"]);
      const huge = await lab.post("x", "", { "content-length": String(2 ** 30) });
      assert.equal(huge.status, 413);
      assert.match(huge.body.error, /at most 137 MiB/);
      const foreign = await lab.post(SIMPLE, "", { origin: "http://evil.example" });
      assert.equal(foreign.status, 403);
    });
  });
});

Deno.test("a service that is shutting down imports nothing", async () => {
  await withImportLab(async (lab) => {
    lab.importer.close();
    await assertUnchanged(lab, async () => assert.equal((await lab.post(SIMPLE)).status, 503));
  });
});

Deno.test("a removed model is gone, and pages of another origin cannot remove anything", async () => {
  await withImportLab(async ({ app, registry, modelsDir, post }) => {
    const { body: { id } } = await post(SIMPLE);
    const remove = (headers: Record<string, string> = {}) =>
      app.request(`http://localhost:8000/api/models/${id}`, { method: "DELETE", headers });
    assert.equal((await remove({ origin: "http://evil.example" })).status, 403);
    assert.equal((await registry.list()).length, 1);
    assert.equal((await remove()).status, 204);
    const again = await remove();
    assert.deepEqual([again.status, await again.json()], [404, { error: `There is no model "${id}".` }]);
    assert.equal((await app.request(`http://localhost/api/models/${id}/model.pth`)).status, 404);
    assert.deepEqual([...Deno.readDirSync(modelsDir)].map(({ name }) => name).sort(), [
      ".lock",
      "models_metadata.json",
      "models_metadata.json.bak",
    ]);
  });
});
