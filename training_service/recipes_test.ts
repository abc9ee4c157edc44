/** Trains with settings beyond the usual ones, through every door of the real service. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type ModelRecord } from "../protocol/mod.ts";

import { withDigits } from "./testing/process.ts";
import { formOf, withOpenLab } from "./testing/open_lab.ts";

const RECIPE = {
  activation: "gelu",
  lr_schedule: "one_cycle",
  betas: [0.7, 0.9],
  weight_decay: 0.001,
  label_smoothing: 0.05,
} as const;
const CONFIG = { ...DEFAULT_CONFIG, ...RECIPE, num_epochs: 1, hidden_layers_config: [32], batch_size: 256, seed: 3 };

Deno.test("a recipe is trained, stored, exported, imported with the same accuracy, and looked for as a duplicate", () =>
  withDigits((dir) =>
    withOpenLab(dir, async (lab) => {
      const client = await lab.train(CONFIG);
      const { model_id, accuracy } = await client.next("result", () => true, 60_000);
      const { body: record } = await lab.get(`/api/models/${model_id}`);
      for (const [name, value] of Object.entries(RECIPE)) assert.deepEqual(record[name], value, name);
      assert.ok(accuracy > 85, `${accuracy} %`);

      const again = await lab.train(CONFIG);
      assert.equal((await again.next("exists")).existing.id, model_id);
      again.send({ type: "overwrite", value: false });
      const usual = await lab.train({ ...CONFIG, label_smoothing: null, betas: undefined, seed: 4 });
      const { model_id: other } = await usual.next("result", () => true, 60_000);
      const { body: second } = await lab.get(`/api/models/${other}`);
      assert.deepEqual([second.betas, second.label_smoothing, second.weight_decay], [undefined, undefined, 0.001]);

      const file = await (await fetch(`http://${lab.host}/api/models/${model_id}/model.safetensors`)).bytes();
      await (await fetch(`http://${lab.host}/api/models/${model_id}`, { method: "DELETE" })).body?.cancel();
      const response = await fetch(`http://${lab.host}/api/models`, {
        method: "POST",
        body: formOf(file, "m.safetensors"),
      });
      const imported: ModelRecord & { error?: string } = await response.json();
      assert.equal(response.status, 201, imported.error);
      assert.equal(imported.accuracy, accuracy, "the activation travels with the file");
      for (const [name, value] of Object.entries(RECIPE)) assert.deepEqual(imported[name as "betas"], value, name);
    })
  ));
