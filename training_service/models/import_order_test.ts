/** Tests files that leave the order of their layers open, or which of their models is meant. Test digits decide. */
import assert from "node:assert/strict";
import { PickleWriter, writePth } from "../../core/formats/pth/writer.ts";
import { writeZip, type ZipRecord } from "../../core/formats/pth/zip.ts";
import { writeSafetensors } from "../../core/formats/safetensors.ts";
import { type ModelSpec, type NamedTensor, parameterSpecs } from "../../core/models/spec.ts";
import { mnist } from "../../core/testing/mnist.ts";
import { scoreModel } from "../../core/training/evaluation.ts";
import { IMPORT_FIELDS } from "../../protocol/mod.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { formOf, withImportLab } from "../testing/open_lab.ts";

const STEPS = 400;

/** A model that has learned something, under these names for its layers. */
async function trained(hiddenLayers: number[], names: readonly string[], steps = STEPS, more: Partial<ModelSpec> = {}) {
  const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers, ...more };
  const trainer = await openTrainer({
    spec,
    optimizer: "Adam",
    learningRate: 0.003,
    batchSize: 64,
    epochs: 1,
    seed: 3,
    dataset: mnist(),
    device: "wasm",
  });
  try {
    while (trainer.step < steps) await trainer.run(steps - trainer.step);
    const weights = await trainer.weights();
    const accuracy = await scoreModel(spec, weights, mnist().test);
    assert.ok(accuracy > 85, `learned too little to judge by: ${accuracy} %`);
    return { tensors: renamed(weights, names), accuracy };
  } finally {
    trainer.close();
  }
}

function renamed(weights: readonly NamedTensor[], names: readonly string[]): NamedTensor[] {
  return weights.map((tensor, i) => ({ ...tensor, name: `${names[i >> 1]}.${i % 2 === 0 ? "weight" : "bias"}` }));
}

/** A `.pth` that holds a dict of state dicts. */
function pthOfDicts(dicts: Record<string, readonly NamedTensor[]>): Uint8Array<ArrayBuffer> {
  const pickle = new PickleWriter().op("EMPTY_DICT");
  const records: ZipRecord[] = [];
  for (const [key, tensors] of Object.entries(dicts)) {
    pickle.text(key).op("EMPTY_DICT");
    for (const { name, shape, data } of tensors) {
      const record = String(records.length);
      records.push({ name: `m/data/${record}`, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
      pickle.text(name).global("torch._utils", "_rebuild_tensor_v2").op("MARK");
      pickle.op("MARK").text("storage").global("torch", "FloatStorage").text(record).text("cpu").integer(data.length);
      pickle.op("TUPLE").op("BINPERSID").integer(0).integers(shape).integers([...shape.slice(1), 1]);
      pickle.op("NEWFALSE").op("NONE").op("TUPLE").op("REDUCE").op("SETITEM");
    }
    pickle.op("SETITEM");
  }
  return writeZip([{ name: "m/data.pkl", data: pickle.finish() }, ...records]);
}

/** Sorts tensors as `safetensors.torch.save_file` does. */
const sorted = (tensors: readonly NamedTensor[]) => tensors.toSorted((a, b) => a.name < b.name ? -1 : 1);

Deno.test("equal layers sorted by name are imported in the order that recognises digits, and the answer says what was assumed", async () => {
  const { tensors, accuracy } = await trained([32, 32, 32, 32], ["first", "second", "third", "fourth", "last"]);
  await withImportLab(async ({ post, registry }) => {
    const files: Record<string, Uint8Array<ArrayBuffer>> = {
      "sorted.safetensors": writeSafetensors(sorted(tensors), { format: "pt" }),
      "sorted.pth": writePth(sorted(tensors), "m"),
      // Weights come before biases in the alphabet, so the file fits as it is, but in the wrong order.
      "fits.safetensors": writeSafetensors(
        sorted(tensors.map((t, i) => ({
          ...t,
          name: t.name.replace("first", "a").replace("last", "z").replace(/\.\w+/, i % 2 ? ".offset" : ".kernel"),
        }))),
        {},
      ),
    };
    for (const [i, [name, file]] of Object.entries(files).entries()) {
      const { status, body } = await post(formOf(file, name, { num_epochs: String(i + 1) }));
      assert.equal(status, 201, body.error);
      assert.deepEqual(body.assumed_order, ["second", "third", "fourth"], name);
      assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101, `${name}: ${body.accuracy} % instead of ${accuracy} %`);
    }
    const { body } = await post(writePth(tensors, "m"), "?num_epochs=9");
    assert.equal(body.assumed_order, undefined, "a module's own order is not an assumption");
    assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101);
    // A model that replaces another does not inherit its assumptions.
    const settings = "?optimizer=SGD&learning_rate=0.1&batch_size=8&num_epochs=2&use_dropout=false";
    const old = await post(files["sorted.pth"], settings);
    const replacing = await post(writePth(tensors, "m"), `${settings}&overwrite=true`);
    assert.deepEqual(old.body.assumed_order, ["second", "third", "fourth"]);
    assert.equal(replacing.body.assumed_order, undefined);
    const ids = (await registry.list()).map(({ id }) => id);
    assert.deepEqual([ids.includes(old.body.id), ids.includes(replacing.body.id)], [false, true]);
    assert.equal((await registry.get(replacing.body.id))?.assumed_order, undefined);
  });
});

Deno.test("six equal layers are put in the one order of 720 that recognises digits, in seconds", async () => {
  const names = ["in", "zebra", "yak", "mule", "ox", "cat", "bee", "out"];
  const { tensors, accuracy } = await trained(new Array(7).fill(32), names, 900);
  await withImportLab(async ({ post }) => {
    const began = performance.now();
    const { body } = await post(writeSafetensors(sorted(tensors), {}));
    assert.deepEqual(body.assumed_order, names.slice(1, -1), body.error);
    assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101);
    assert.ok(performance.now() - began < 30_000);
  });
});

Deno.test("layers of different widths that also leave a choice are put in the order that recognises digits", async () => {
  const { tensors, accuracy } = await trained([24, 16, 24, 24], ["in", "down", "up", "across", "out"]);
  await withImportLab(async ({ post }) => {
    const { body } = await post(writeSafetensors(sorted(tensors), {}));
    assert.deepEqual(body.hidden_layers_config, [24, 16, 24, 24], body.error);
    assert.deepEqual(body.assumed_order, ["down", "up", "across"]);
    assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101);
    // If the widths are given, they decide and no digits are needed.
    const other = await post(writeSafetensors(sorted(tensors), {}), "?hidden_layers_config=24,24,16,24");
    assert.deepEqual(other.body.hidden_layers_config, [24, 24, 16, 24], other.body.error);
  });
});

Deno.test("equal convolutions that leave a choice are put in the order that recognises digits", async () => {
  const convolutions = { channels: [8, 8, 8], kernels: [3, 3, 3], padding: "same" } as const;
  const names = ["stem", "zeta", "alpha", "q", "out"];
  const { tensors, accuracy } = await trained([16], names, STEPS, { modelType: "ConvNN", convolutions });
  await withImportLab(async ({ post }) => {
    for (const file of [writeSafetensors(sorted(tensors), {}), writePth(sorted(tensors), "m")]) {
      const { body } = await post(file, "?activation=relu");
      assert.deepEqual(body.assumed_order, ["zeta", "alpha"], body.error);
      assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101, `${body.accuracy} % instead of ${accuracy} %`);
    }
    assert.equal((await post(writePth(tensors, "m"))).body.assumed_order, undefined, "a module's own order");
  });
});

Deno.test("of several models in one file the one that recognises digits best is imported, and the answer names it", async () => {
  // Two checkpoints of one training run, as other people's scripts write them, with the tensors under `latest` and
  // `best`.
  const { tensors, accuracy } = await trained([16], ["fc1", "fc2"]);
  const blank = tensors.map((tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length) }));
  await withImportLab(async ({ post }) => {
    const { status, body } = await post(pthOfDicts({ latest: blank, best: tensors }));
    assert.equal(status, 201, body.error);
    assert.equal(body.assumed_state_dict, "best");
    assert.ok(Math.abs(body.accuracy - accuracy) < 0.0101);
  });
});

Deno.test("more than six unordered equal layers are refused, the error says what to do, and nothing is stored", async () => {
  const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers: new Array(8).fill(5) };
  const weights = parameterSpecs(spec).map(({ name, shape }) => (
    { name, shape: [...shape], data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.1) }
  ));
  await withImportLab(async ({ post, registry }) => {
    const { status, body } = await post(writeSafetensors(sorted(renamed(weights, ["in", ..."qwertyu", "out"])), {}));
    assert.equal(status, 400);
    assert.match(body.error, /more than 720 orders.*Number their names in their order/);
    assert.deepEqual(await registry.list(), []);
  });
});

Deno.test("metadata of another program that no training run here could have does not prevent importing its weights", async () => {
  const { tensors } = await trained([16], ["a", "b"]);
  await withImportLab(async ({ post }) => {
    const foreign = { format: "pt", optimizer: "torch.optim.Lion", learning_rate: "cosine", batch_size: "4096" };
    const { status, body } = await post(writeSafetensors(tensors, { ...foreign, num_epochs: "12", num_layers: "3" }));
    assert.equal(status, 201, body.error);
    assert.deepEqual([body.optimizer, body.batch_size, body.num_epochs], ["Adam", 64, 12]);
    const long = "x".repeat(500_000);
    const absurd = Object.fromEntries(IMPORT_FIELDS.map((field) => [field, long]));
    const deep = "[".repeat(3000);
    const contradicting = {
      model_type: "ConvNN",
      hidden_layers_config: "[64,32]",
      conv_channels: "[8]",
      conv_padding: "same",
      num_epochs: "12",
    };
    for (const metadata of [{ description: long, num_epochs: "12" }, absurd, { optimizer: deep }, contradicting]) {
      const { status, body } = await post(writeSafetensors(tensors, metadata));
      assert.equal(status, 201, body.error);
      assert.deepEqual([body.model_type, body.hidden_layers_config], ["SimpleNN", [16]]);
      const isKnown = "num_epochs" in metadata && metadata.num_epochs === "12";
      const unknown = ["optimizer", "learning_rate", "batch_size", ...isKnown ? [] : ["num_epochs"], "activation"];
      assert.deepEqual(body.assumed, unknown, "an absurd value is no value");
    }
    // What the user says is not foreign: it is refused by name.
    const refused = await post(formOf(writeSafetensors(tensors, {}), "a.safetensors", { optimizer: long }));
    assert.deepEqual([refused.status, refused.body.error], [400, "optimizer must have at most 4096 characters"]);
  });
});
