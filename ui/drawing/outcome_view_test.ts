import assert from "node:assert/strict";
import type { ModelRecord, PredictParams } from "../../protocol/mod.ts";
import { compareFields } from "./outcome_view.tsx";

Deno.test("differing fields have the page's labels and both values", () => {
  const params = { learning_rate_range: "High", epochs: 3, hidden_layers_config: [128, 64] } as PredictParams;
  const record = { learning_rate: 0.0003, num_epochs: 5, hidden_layers_config: [] as number[] } as ModelRecord;
  assert.deepEqual(
    compareFields(["learning_rate_range", "epochs", "hidden_layers_config", "unheard_of"], params, record),
    [
      { name: "Learning rate", asked: "High", stored: "0.0003" },
      { name: "Epochs", asked: "3", stored: "5" },
      { name: "Hidden layers", asked: "128, 64", stored: "none" },
    ],
  );
  assert.deepEqual(
    compareFields(["momentum", "betas"], { ...params, momentum: 0, betas: [0.8, 0.9] }, { ...record, momentum: 0.9 }),
    [{ name: "Momentum", asked: "0", stored: "0.9" }, { name: "Betas", asked: "0.8, 0.9", stored: "0.9, 0.999" }],
  );
  const imported = { ...record, assumed: ["learning_rate"] } as ModelRecord;
  assert.deepEqual(
    compareFields(["learning_rate_range", "epochs"], params, imported).map(({ stored }) => stored),
    ["unknown", "5"],
    "an assumed value is not shown as if it were known",
  );
});
