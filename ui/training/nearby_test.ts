import assert from "node:assert/strict";
import { DEFAULT_CONFIG, isDuplicate, type ModelRecord, type TrainConfig } from "../../protocol/mod.ts";
import { findNearby } from "./nearby.tsx";
import { PRESETS } from "./settings_view.tsx";

const config: TrainConfig = {
  ...DEFAULT_CONFIG,
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 5,
  batch_size: 64,
  hidden_layers_config: [128, 64],
  use_dropout: true,
};

function record(id: string, fields: Partial<ModelRecord> = {}): ModelRecord {
  return {
    ...config,
    id,
    filename: `${id}.pth`,
    timestamp: 1,
    accuracy: 97,
    training_time: 1,
    ...fields,
  } as ModelRecord;
}

Deno.test("an exact duplicate wins over similar models and has no differences", () => {
  const records = [record("a", { num_epochs: 4, accuracy: 99 }), record("b"), record("c", { batch_size: 32 })];
  assert.deepEqual(findNearby(records, config), { model: records[1], differs: [] });
});

Deno.test("among equally similar models the most accurate wins, and its differences are described", () => {
  const records = [
    record("a", { num_epochs: 4, accuracy: 96 }),
    record("b", { hidden_layers_config: [], accuracy: 98 }),
    record("c", { num_epochs: 1, optimizer: "SGD", accuracy: 99 }),
  ];
  assert.deepEqual(findNearby(records, config), { model: records[1], differs: ["no hidden layers"] });
  assert.deepEqual(findNearby(records.slice(2), config)?.differs, ["SGD", "1 epoch"]);
});

Deno.test("the probability of dropout is a difference only while dropout is on", () => {
  const other = record("a", { dropout_p: 0.5 });
  assert.deepEqual(findNearby([other], config)?.differs, ["dropout 0.5"]);
  const without = { ...config, use_dropout: false };
  assert.deepEqual(findNearby([{ ...other, use_dropout: false }], without)?.differs, []);
});

Deno.test("a model that differs in three settings or more is not similar", () => {
  assert.equal(findNearby([record("a", { num_epochs: 1, batch_size: 1, optimizer: "SGD" })], config), undefined);
  assert.equal(findNearby([], config), undefined);
});

Deno.test("each preset is a duplicate only of itself", () => {
  for (const preset of PRESETS) {
    assert.deepEqual(PRESETS.filter(({ values }) => isDuplicate(values, { ...preset.values })), [preset]);
    assert.ok(!isDuplicate(preset.values, { ...preset.values, num_epochs: preset.values.num_epochs + 1 }));
  }
});
