import assert from "node:assert/strict";
import { formatFormQuery, LEARNING_RATE_RANGES, type LearningRateRange, parseFormQuery } from "../../protocol/mod.ts";
import { TrainingForm } from "./form.ts";
import { PRESETS } from "./settings_view.tsx";

Deno.test("choosing a range sets the rate to its middle", () => {
  const form = new TrainingForm();
  const middles = { "Low": "0.000055", "Medium Low": "0.0003", "Medium High": "0.00075", "High": "0.0055" };
  for (const [name, middle] of Object.entries(middles)) {
    form.chooseRange(name as LearningRateRange);
    assert.equal(Number(form.fields.learning_rate.text.value), LEARNING_RATE_RANGES[name as LearningRateRange].middle);
    assert.equal(form.fields.learning_rate.text.value, middle);
    assert.equal(form.range.value, name);
  }
});

Deno.test("the range follows the rate, and is undefined outside all ranges", () => {
  const form = new TrainingForm();
  form.fields.learning_rate.text.value = "0.00002";
  assert.equal(form.range.value, "Low");
  form.fields.learning_rate.text.value = "0.5";
  assert.equal(form.range.value, undefined);
  form.fields.learning_rate.text.value = "fast";
  assert.equal(form.range.value, undefined);
  assert.equal(form.fields.learning_rate.error.value, "must be a number greater than 0 and at most 1");
  assert.equal(form.config.value, undefined);
});

Deno.test("a rate at the common end of two ranges stays in the chosen range", () => {
  const form = new TrainingForm();
  form.read({ learning_rate_range: "High", learning_rate: "0.001" });
  assert.equal(form.range.value, "High");
});

Deno.test("a query with a range but no rate gets the middle of the range", () => {
  const form = new TrainingForm();
  form.read({ learning_rate_range: "Low" });
  assert.equal(form.config.value?.learning_rate, 0.000055);
});

Deno.test("the configuration carries every field", () => {
  const form = new TrainingForm();
  form.read({
    model_type: "ConvNN",
    optimizer: "AdamW",
    learning_rate: "2e-3",
    epochs: "2",
    batch_size: "32",
    hidden_layers_config: "64",
    use_dropout: "true",
  });
  assert.deepEqual(form.config.value, {
    model_type: "ConvNN",
    optimizer: "AdamW",
    learning_rate: 0.002,
    num_epochs: 2,
    batch_size: 32,
    num_layers: 1,
    hidden_layers_config: [64],
    use_dropout: true,
    dropout_p: 0.3,
  });
});

Deno.test("a link restores the whole form, with dropout, seed and device", () => {
  const form = new TrainingForm();
  const search =
    "model_type=ConvNN&hidden_layers_config=64%2C32&optimizer=SGD&batch_size=32&epochs=3&use_dropout=true" +
    "&learning_rate=0.01&learning_rate_range=High&dropout_p=0.45&seed=17&device=wasm";
  form.read(parseFormQuery(search));
  assert.equal(formatFormQuery(form.fullQuery.value), search);
  const { dropout_p, seed, device } = form.config.value!;
  assert.deepEqual([dropout_p, seed, device], [0.45, 17, "wasm"]);
});

Deno.test("the link to the drawing page leaves out seed and device, which have another meaning there", () => {
  const form = new TrainingForm();
  form.read({ seed: "17", device: "wasm" });
  assert.deepEqual([form.query.value.seed, form.query.value.device], [undefined, undefined]);
});

Deno.test("seed and device are optional; an invalid seed blocks the configuration, and so does an invalid dropout probability in use", () => {
  const form = new TrainingForm();
  assert.ok(!("seed" in form.config.value!) && !("device" in form.config.value!));
  form.seed.text.value = "-1";
  assert.match(form.seed.error.value!, /whole number from 0/);
  assert.equal(form.config.value, undefined);
  form.seed.text.value = "";
  form.fields.dropout_p.text.value = "1";
  assert.ok(form.config.value);
  form.fields.use_dropout.text.value = "true";
  assert.match(form.fields.dropout_p.error.value!, /including, 1/);
  assert.equal(form.config.value, undefined);
});

Deno.test("a preset leaves seed and device as they are", () => {
  const form = new TrainingForm();
  form.read({ seed: "17", device: "wasm", epochs: "9" });
  form.set(PRESETS[1].values);
  assert.deepEqual(form.config.value, { ...PRESETS[1].values, num_layers: 1, seed: 17, device: "wasm" });
});
