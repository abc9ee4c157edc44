import assert from "node:assert/strict";
import { ImportConfigSchema, PredictParamsSchema, TrainConfigSchema } from "./requests.ts";
import { readValue, writeValue } from "./field_kinds.ts";
import {
  configOf,
  DEFAULT_CONFIG,
  describeSetting,
  differingSettings,
  FIELD_NAMES,
  fieldOf,
  isDuplicate,
  type ModelConfig,
  SETTINGS,
} from "./model_config.ts";
import { ModelRecordSchema, paramsOf } from "./models.ts";
import { formatFormQuery, paramsQuery, parseFormQuery, queryName } from "./query.ts";
import { validate } from "./validate.ts";

/** Differs from the defaults in every field. */
const OTHER: ModelConfig = {
  model_type: "ConvNN",
  hidden_layers_config: [],
  optimizer: "SGD",
  learning_rate: 0.01,
  batch_size: 1000,
  num_epochs: 1,
  use_dropout: true,
  dropout_p: 0.5,
};

Deno.test("a configuration, an import and a record carry every field of the table", () => {
  const { overwrite, ...imported } = validate(ImportConfigSchema, OTHER, "the import");
  assert.equal(overwrite, false);
  assert.deepEqual(imported, OTHER);
  assert.deepEqual(validate(TrainConfigSchema, OTHER, "the configuration"), OTHER);
  const identity = { id: "m", filename: "m.pth", timestamp: 1, accuracy: 90, training_time: 2 };
  const record = validate(ModelRecordSchema, { ...identity, ...OTHER, unknown: 1 }, "the record");
  assert.deepEqual(record, { ...identity, ...OTHER, unknown: 1 });
  assert.deepEqual(configOf(record), OTHER);
});

Deno.test("an optional field has its default; a field that a file reveals has none in an import", () => {
  const { use_dropout: _, dropout_p: __, ...required } = DEFAULT_CONFIG;
  assert.deepEqual(validate(TrainConfigSchema, required, "the configuration"), DEFAULT_CONFIG);
  const { model_type: ___, hidden_layers_config: ____, ...rest } = required;
  assert.deepEqual(validate(ImportConfigSchema, {}, "the import"), { ...rest, dropout_p: 0.3, overwrite: false });
});

Deno.test("a record may be outside the bounds of training", () => {
  const record = { id: "m", filename: "m.pth", timestamp: 1, accuracy: 90, training_time: 2, ...OTHER };
  const beyond = { num_epochs: 10_000, learning_rate: 7, hidden_layers_config: [5000] };
  assert.deepEqual(validate(ModelRecordSchema, { ...record, ...beyond }, "the record"), { ...record, ...beyond });
  assert.throws(
    () => validate(TrainConfigSchema, { ...OTHER, ...beyond }, "the configuration"),
    /hidden_layers_config/,
  );
});

Deno.test("two models can differ in every field, but in a part of a toggle only while it is on", () => {
  for (const name of FIELD_NAMES) {
    const changed = { ...OTHER, [name]: DEFAULT_CONFIG[name] };
    assert.equal(isDuplicate(OTHER, changed), false, name);
    assert.deepEqual(differingSettings(OTHER, changed), [fieldOf(name).partOf ?? name]);
  }
  const off = { ...OTHER, use_dropout: false };
  assert.ok(isDuplicate(off, { ...off, dropout_p: 0.1 }));
  assert.deepEqual(differingSettings(off, { ...off, dropout_p: 0.1 }), []);
});

Deno.test("a model whose past is unknown is not a duplicate, and shows assumed values as unknown", () => {
  const imported = { ...OTHER, assumed: ["optimizer", "num_epochs"] };
  assert.equal(isDuplicate(OTHER, imported), false);
  assert.equal(isDuplicate(imported, { ...imported }), false);
  assert.deepEqual(
    SETTINGS.map((name) => describeSetting(imported, name)).join(", "),
    "ConvNN, no hidden layers, optimizer unknown, learning rate 0.01, batch size 1000, epochs unknown, dropout 0.5",
  );
  assert.deepEqual(differingSettings(OTHER, imported), ["optimizer", "num_epochs"]);
});

Deno.test("settings are described for people", () => {
  const words = (config: ModelConfig) => SETTINGS.map((name) => describeSetting(config, name)).join(", ");
  assert.equal(
    words(DEFAULT_CONFIG),
    "SimpleNN, hidden layers 128, 64, Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout",
  );
  assert.equal(
    words(OTHER),
    "ConvNN, no hidden layers, SGD, learning rate 0.01, batch size 1000, 1 epoch, dropout 0.5",
  );
  assert.equal(describeSetting(OTHER, "learning_rate", "rate"), "rate 0.01");
});

Deno.test("every value and every query survives a round trip through text", () => {
  for (const config of [DEFAULT_CONFIG, OTHER]) {
    for (const name of FIELD_NAMES) {
      assert.deepEqual(readValue(fieldOf(name).kind, writeValue(config[name])), config[name]);
    }
    const query = Object.fromEntries(FIELD_NAMES.map((name) => [queryName(name), writeValue(config[name])]));
    assert.deepEqual(parseFormQuery(formatFormQuery({ ...query, model_id: "m 1" })), { ...query, model_id: "m 1" });
  }
  assert.deepEqual(parseFormQuery("?epochs=3&tab=2"), { epochs: "3" });
});

Deno.test("a model is looked up by all fields but the probability of dropout, and by the range of its learning rate", () => {
  const params = paramsOf(OTHER);
  assert.deepEqual(params, {
    model_type: "ConvNN",
    hidden_layers_config: [],
    optimizer: "SGD",
    learning_rate_range: "High",
    batch_size: 1000,
    epochs: 1,
    use_dropout: true,
  });
  assert.deepEqual(validate(PredictParamsSchema, params, "the params"), params);
  assert.equal(paramsOf({ ...OTHER, learning_rate: 0.5 }).learning_rate_range, undefined);
  assert.deepEqual(paramsQuery({ epochs: 1, hidden_layers_config: [16, 8] }), {
    epochs: "1",
    hidden_layers_config: "16,8",
  });
});
