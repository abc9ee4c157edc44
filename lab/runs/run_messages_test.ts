import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { divergenceLine } from "./run_messages.ts";

Deno.test("the advice after a divergence names the fields that would help, with values", () => {
  const advice = (more: object) =>
    divergenceLine({ step: 5, found: "weights" }, 100, { ...DEFAULT_CONFIG, ...more }).split("Try ")[1];
  assert.equal(
    advice({}),
    "a smaller learning rate (such as 0.0001) or the schedule one_cycle (it begins with small steps).",
  );
  assert.equal(
    advice({ optimizer: "SGD", learning_rate: 0.3, momentum: 0.95, lr_schedule: "cosine" }),
    "a smaller learning rate (such as 0.03), less momentum (such as 0.5), the schedule one_cycle (it begins with " +
      "small steps), or the optimizer Adam with 0.001.",
  );
  assert.equal(advice({ lr_schedule: "one_cycle" }), "a smaller learning rate (such as 0.0001).");
});
