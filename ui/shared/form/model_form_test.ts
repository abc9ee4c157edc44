import assert from "node:assert/strict";
import { parseFormQuery, unknownInQuery } from "../../../protocol/mod.ts";
import { ModelForm, SHARED_FIELDS } from "./model_form.ts";

Deno.test("parameters, shape and steps follow the fields and the dataset", () => {
  const form = new ModelForm();
  assert.equal(form.stepCount.value, undefined, "as long as nobody knows how many digits there are");
  form.datasetSize.value = { train: 60_000, test: 10_000 };
  form.fields.hidden_layers_config.text.value = "128, 64";
  form.fields.num_epochs.text.value = "5";
  form.fields.batch_size.text.value = "64";
  assert.equal(form.parameterCount.value, 109_386);
  assert.equal(form.stepCount.value, 4690);
  form.datasetSize.value = { train: 100, test: 20 };
  assert.equal(form.stepCount.value, 10);
  assert.equal(form.shape.value, "784 → 128 → 64 → 10");
  form.fields.model_type.text.value = "ConvNN";
  form.fields.hidden_layers_config.text.value = "128";
  assert.equal(form.parameterCount.value, 421_642);
  assert.equal(form.shape.value, "784 → 32 × 14 × 14 → 64 × 7 × 7 → 128 → 10");
  form.fields.hidden_layers_config.text.value = "";
  assert.equal(form.parameterCount.value, 50_186);
  form.fields.batch_size.text.value = "";
  assert.equal(form.stepCount.value, undefined);
});

Deno.test("each field reports what is wrong with it", () => {
  const form = new ModelForm();
  const cases = [
    [form.fields.num_epochs, "5", undefined],
    [form.fields.num_epochs, "0", "must be a whole number from 1 to 200"],
    [form.fields.num_epochs, "", "must be a whole number from 1 to 200"],
    [form.fields.num_epochs, "2.5", "must be a whole number from 1 to 200"],
    [form.fields.batch_size, "2049", "must be a whole number from 1 to 2048"],
    [form.fields.hidden_layers_config, "", undefined],
    [form.fields.hidden_layers_config, "128,", undefined],
    [form.fields.hidden_layers_config, " 128 , 64 ", undefined],
    [form.fields.hidden_layers_config, "128,,64", "must be whole numbers from 1 to 2048, separated by commas"],
    [form.fields.hidden_layers_config, "128 64", "must be whole numbers from 1 to 2048, separated by commas"],
    [form.fields.hidden_layers_config, "1,1,1,1,1,1,1,1,1", "must have at most 8 layers"],
  ] as const;
  for (const [field, text, error] of cases) {
    field.text.value = text;
    assert.equal(field.error.value, error, `"${text}"`);
  }
});

Deno.test("the fields survive a round trip through the address", () => {
  const form = new ModelForm();
  const search = "model_type=ConvNN&hidden_layers_config=64%2C32&optimizer=SGD&batch_size=32&epochs=3&use_dropout=true";
  form.read(parseFormQuery(search));
  assert.deepEqual(form.fields.hidden_layers_config.value.value, [64, 32]);
  const again = new ModelForm();
  again.read(form.textsOf(SHARED_FIELDS));
  assert.deepEqual(again.textsOf(SHARED_FIELDS), parseFormQuery(search));
});

Deno.test("parts of an address that are not understood are reported, and the rest is used", () => {
  const form = new ModelForm();
  form.read(parseFormQuery("?optimizer=Adm&use_dropout=yes&learning_rate_range=Hihg&epochs=7&batch_size=null"));
  form.complain(unknownInQuery("?sed=1&epochs=7&run=r&token=t&utm_source=x", ["run"]));
  assert.deepEqual(form.complaints.value, [
    "unknown learning_rate_range `Hihg`; did you mean `High`?",
    "unknown optimizer `Adm`; did you mean `Adam`?",
    "unknown use_dropout `yes`",
    "unknown field `sed`; did you mean `seed`?",
    "unknown field `utm_source`",
  ]);
  assert.equal(form.fields.num_epochs.value.value, 7);
  assert.equal(form.fields.batch_size.value.value, 64, "null is left out");
});

Deno.test("an unknown choice is ignored, while wrong text is kept and reported", () => {
  const form = new ModelForm();
  form.read({ model_type: "Transformer", optimizer: "<b>", use_dropout: "maybe", epochs: "many" });
  assert.deepEqual(
    [form.fields.model_type, form.fields.optimizer, form.fields.use_dropout].map(({ value }) => value.value),
    [
      "SimpleNN",
      "Adam",
      false,
    ],
  );
  assert.equal(form.fields.num_epochs.text.value, "many");
  assert.ok(form.fields.num_epochs.error.value);
});

Deno.test("decimal commas and grouped digits are read as people write them, or refused with the reason", () => {
  const form = new ModelForm();
  const { learning_rate: rate, batch_size: batch } = form.fields;
  for (
    const [text, value] of [["0,01", 0.01], [",5", 0.5], ["0,001", 0.001], ["1,0", 1], ["1,000", undefined]] as const
  ) {
    rate.text.value = text;
    assert.equal(rate.value.value, value, text);
    if (value === undefined) assert.equal(rate.error.value, "must be a number greater than 0 and at most 1");
    else assert.equal(form.query.value.learning_rate, String(value), "a link carries the number");
  }
  for (
    const [text, value] of [["1,024", 1024], ["2,5", undefined], ["1,02,4", undefined], ["1,0240", undefined]] as const
  ) {
    batch.text.value = text;
    assert.equal(batch.value.value, value, text);
  }
});
