import assert from "node:assert/strict";
import { parseFormQuery } from "../../../protocol/mod.ts";
import { ModelForm } from "./model_form.ts";

Deno.test("parameters and steps follow the fields as they are typed", () => {
  const form = new ModelForm();
  form.hiddenLayers.text.value = "128, 64";
  form.epochs.text.value = "5";
  form.batchSize.text.value = "64";
  assert.equal(form.parameterCount.value, 109_386);
  assert.equal(form.stepCount.value, 4690);
  assert.equal(form.shape.value, "784 → 128 → 64 → 10");
  form.modelType.value = "ConvNN";
  form.hiddenLayers.text.value = "128";
  assert.equal(form.parameterCount.value, 421_642);
  assert.equal(form.shape.value, "784 → 32 × 14 × 14 → 64 × 7 × 7 → 128 → 10");
  form.hiddenLayers.text.value = "";
  assert.equal(form.parameterCount.value, 50_186);
  form.batchSize.text.value = "";
  assert.equal(form.stepCount.value, undefined);
});

Deno.test("each field says what is wrong with it, and only then", () => {
  const form = new ModelForm();
  const cases = [
    [form.epochs, "5", undefined],
    [form.epochs, "0", "must be a whole number from 1 to 200"],
    [form.epochs, "", "must be a whole number from 1 to 200"],
    [form.epochs, "2.5", "must be a whole number from 1 to 200"],
    [form.batchSize, "2049", "must be a whole number from 1 to 2048"],
    [form.hiddenLayers, "", undefined],
    [form.hiddenLayers, "128,", undefined],
    [form.hiddenLayers, " 128 , 64 ", undefined],
    [form.hiddenLayers, "128,,64", "must be whole numbers from 1 to 2048, separated by commas"],
    [form.hiddenLayers, "128 64", "must be whole numbers from 1 to 2048, separated by commas"],
    [form.hiddenLayers, "1,1,1,1,1,1,1,1,1", "must have at most 8 layers"],
  ] as const;
  for (const [field, text, error] of cases) {
    field.text.value = text;
    assert.equal(field.error.value, error, `"${text}"`);
  }
});

Deno.test("fields survive the way through the address bar", () => {
  const form = new ModelForm();
  const search = "model_type=ConvNN&optimizer=SGD&epochs=3&batch_size=32&hidden_layers_config=64%2C32&use_dropout=true";
  form.read(parseFormQuery(search));
  assert.deepEqual(form.hiddenLayers.value.value, [64, 32]);
  const again = new ModelForm();
  again.read(form.query.value);
  assert.deepEqual(again.query.value, parseFormQuery(search));
});

Deno.test("a choice that does not exist is left as it was", () => {
  const form = new ModelForm();
  form.read({ model_type: "Transformer", optimizer: "<b>", use_dropout: "maybe", epochs: "many" });
  assert.deepEqual([form.modelType.value, form.optimizer.value, form.useDropout.value], ["SimpleNN", "Adam", false]);
  assert.equal(form.epochs.text.value, "many");
  assert.ok(form.epochs.error.value);
});
