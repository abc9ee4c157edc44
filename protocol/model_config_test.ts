import assert from "node:assert/strict";
import { ImportConfigSchema, PredictParamsSchema, TrainConfigSchema } from "./requests.ts";
import { readValue, writeValue } from "./field_kinds.ts";
import {
  configOf,
  counts,
  DEFAULT_CONFIG,
  describeSetting,
  differingSettings,
  FIELD_NAMES,
  fieldOf,
  isDuplicate,
  isMentioned,
  type ModelConfig,
  SETTINGS,
  valueOf,
} from "./model_config.ts";
import { ModelRecordSchema, paramsOf } from "./models.ts";
import { formatFormQuery, paramsQuery, parseFormQuery, queryName } from "./query.ts";
import { validate } from "./validate.ts";

/** Differs from the defaults in every field that SGD has. */
const OTHER: ModelConfig = {
  model_type: "ConvNN",
  hidden_layers_config: [],
  optimizer: "SGD",
  learning_rate: 0.01,
  batch_size: 1000,
  num_epochs: 1,
  use_dropout: true,
  dropout_p: 0.5,
  conv_channels: [8, 16],
  conv_kernels: [5, 3],
  conv_padding: "valid",
  activation: "tanh",
  lr_schedule: "cosine",
  momentum: 0.9,
  weight_decay: 0.001,
  label_smoothing: 0.1,
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
  for (const name of FIELD_NAMES.filter((name) => name !== "betas")) {
    const changed = { ...OTHER, [name]: DEFAULT_CONFIG[name] };
    assert.equal(isDuplicate(OTHER, changed), false, name);
    const only = FIELD_NAMES.filter((other) => fieldOf(other).only?.field === name && counts(OTHER, other));
    assert.deepEqual(differingSettings(OTHER, changed), [fieldOf(name).partOf ?? name, ...only]);
  }
  const quick = { ...DEFAULT_CONFIG, betas: [0.7, 0.9] };
  assert.equal(isDuplicate(DEFAULT_CONFIG, quick), false);
  assert.deepEqual(differingSettings(DEFAULT_CONFIG, quick), ["betas"]);
  const off = { ...OTHER, use_dropout: false };
  assert.ok(isDuplicate(off, { ...off, dropout_p: 0.1 }));
  assert.deepEqual(differingSettings(off, { ...off, dropout_p: 0.1 }), []);
});

Deno.test("a model whose past is unknown is not a duplicate, and shows assumed values as unknown", () => {
  const imported = { ...OTHER, assumed: ["optimizer", "num_epochs"] };
  assert.equal(isDuplicate(OTHER, imported), false);
  assert.equal(isDuplicate(imported, { ...imported }), false);
  assert.deepEqual(
    SETTINGS.filter((name) => isMentioned(imported, name)).map((name) => describeSetting(imported, name)).join(", "),
    "ConvNN, no hidden layers, optimizer unknown, learning rate 0.01, batch size 1000, epochs unknown, dropout 0.5, " +
      "filters 8, 16, filter sizes 5, 3, padding valid, activation tanh, schedule cosine, momentum 0.9, weight decay 0.001, label smoothing 0.1",
  );
  assert.deepEqual(differingSettings(OTHER, imported), ["optimizer", "num_epochs"]);
  const unsure = { ...DEFAULT_CONFIG, assumed: ["activation"] };
  assert.ok(isDuplicate(DEFAULT_CONFIG, unsure), "its training is known");
  assert.ok(isMentioned(unsure, "activation"));
  assert.equal(describeSetting(unsure, "activation"), "activation unknown");
});

Deno.test("settings are described for people", () => {
  const words = (config: ModelConfig) =>
    SETTINGS.filter((name) => isMentioned(config, name)).map((name) => describeSetting(config, name)).join(", ");
  assert.equal(
    words(DEFAULT_CONFIG),
    "SimpleNN, hidden layers 128, 64, Adam, learning rate 0.001, batch size 64, 5 epochs, no dropout",
  );
  assert.equal(
    words(OTHER),
    "ConvNN, no hidden layers, SGD, learning rate 0.01, batch size 1000, 1 epoch, dropout 0.5, " +
      "filters 8, 16, filter sizes 5, 3, padding valid, activation tanh, schedule cosine, momentum 0.9, weight decay 0.001, label smoothing 0.1",
  );
  assert.equal(describeSetting(OTHER, "learning_rate", "rate"), "rate 0.01");
});

Deno.test("every value and every query survives a round trip through text", () => {
  for (const config of [DEFAULT_CONFIG, OTHER]) {
    for (const name of FIELD_NAMES) {
      const value = valueOf(config, name);
      assert.deepEqual(readValue(fieldOf(name).kind, writeValue(value)), value);
    }
    const query = Object.fromEntries(FIELD_NAMES.map((name) => [queryName(name), writeValue(valueOf(config, name))]));
    assert.deepEqual(parseFormQuery(formatFormQuery({ ...query, model_id: "m 1" })), { ...query, model_id: "m 1" });
  }
  assert.deepEqual(parseFormQuery("?epochs=3&tab=2"), { epochs: "3" });
  for (
    const [text, whole, number] of [["1.024", 1024, 1.024], ["1,024", 1024, 1024], ["0,25", 0.25, 0.25], [
      "64.0",
      64,
      64,
    ]]
  ) {
    assert.deepEqual([readValue("whole", `${text}`), readValue("number", `${text}`)], [whole, number], `${text}`);
  }
});

Deno.test("a field that is left out has its usual value, which a record does not mention", () => {
  const config = { ...DEFAULT_CONFIG, optimizer: "AdamW", activation: "relu", weight_decay: 0.01 } as const;
  assert.equal(valueOf({ ...DEFAULT_CONFIG, optimizer: "AdamW" }, "weight_decay"), 0.01);
  assert.equal(valueOf({ ...DEFAULT_CONFIG, weight_decay: null }, "weight_decay"), 0);
  assert.deepEqual(configOf(config), { ...DEFAULT_CONFIG, optimizer: "AdamW" });
  assert.ok(isDuplicate(config, configOf(config)));
  assert.deepEqual(configOf({ ...config, weight_decay: 0 }), { ...configOf(config), weight_decay: 0 });
});

Deno.test("a setting of another optimiser is refused by name, unless it has its usual value", () => {
  const check = (more: object) => validate(TrainConfigSchema, { ...DEFAULT_CONFIG, ...more }, "the configuration");
  assert.throws(() => check({ momentum: 0.9 }), {
    field: "momentum",
    message: /momentum is a setting of SGD and RMSprop, not of Adam, got 0\.9/,
  });
  assert.throws(() => check({ optimizer: "SGD", betas: [0.7, 0.9] }), { field: "betas" });
  assert.equal(check({ momentum: 0, betas: null }).momentum, 0);
});

Deno.test("convolutions that do not fit each other or the image are refused, and so is a network that is too large", () => {
  const check = (more: object) =>
    validate(TrainConfigSchema, { ...DEFAULT_CONFIG, model_type: "ConvNN", ...more }, "the configuration");
  assert.throws(() => check({ conv_channels: [8, 16], conv_kernels: [3] }), {
    field: "conv_kernels",
    message: /conv_kernels must have as many entries as conv_channels, which has 2, got \[3\]/,
  });
  assert.throws(() => check({ conv_channels: [8, 8, 8, 8], conv_padding: "valid" }), {
    field: "conv_kernels",
    message: /conv_kernels leave no pixel with conv_padding valid: the sides of an image are 28 → 13 → 5 → 1 → 0/,
  });
  assert.throws(() => check({ conv_channels: [256], hidden_layers_config: [2048] }), {
    field: "hidden_layers_config",
    message: /makes a network of 102,\d+,\d+ parameters, and at most 38,000,000 are taken/,
  });
  const widest = new Array(8).fill(2048);
  assert.ok(check({ hidden_layers_config: widest }));
  assert.throws(() => check({ model_type: "SimpleNN", conv_padding: "valid" }), { field: "conv_padding" });
});

Deno.test("a value out of the range of a field is refused by the field's name and its range", () => {
  const bad: Record<string, unknown[]> = {
    activation: ["swish", "ReLU", 1],
    lr_schedule: ["linear", "onecycle", true],
    momentum: [1, -0.1, "0.9", NaN],
    betas: [0.9, [0.9], [0.9, 0.99, 0.999], [1, 0.9], [0.9, -1], ["0.9", "0.99"], {}],
    weight_decay: [-0.1, 1.1, "1e-4"],
    label_smoothing: [1, -0.1, "0.1", [0.1]],
  };
  for (const [field, values] of Object.entries(bad)) {
    for (const value of values) {
      const config = { ...DEFAULT_CONFIG, optimizer: field === "momentum" ? "SGD" : "Adam", [field]: value };
      for (const schema of [TrainConfigSchema, ImportConfigSchema]) {
        assert.throws(
          () => validate(schema as typeof TrainConfigSchema, config, "the configuration"),
          ({ message, field: named }) => named.startsWith(field) && /must be|momentum is/.test(message),
          `${field} ${JSON.stringify(value)}`,
        );
      }
    }
  }
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
