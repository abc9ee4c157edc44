import assert from "node:assert/strict";
import type { Attribution } from "../../../core/training/attribution.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { settled } from "../wire/fake_connection.ts";
import { InsightEngine } from "./insight_engine.ts";

const a = { id: "a" } as ModelRecord, b = { id: "b" } as ModelRecord;
const drawing = new Uint8Array(784);
const insight: Attribution = { logits: new Float32Array(10), contributions: new Float32Array(784), layers: [] };

Deno.test("one model is open at a time, from the first question until it rests, and is reopened after a failure", async () => {
  const opened: string[] = [], closed: string[] = [];
  let explain = () => Promise.resolve(insight);
  const engine = new InsightEngine(({ id }) => {
    opened.push(id);
    return Promise.resolve({ explain: () => explain(), close: () => void closed.push(id) });
  });
  await engine.explain(a, drawing, 1);
  await engine.explain(a, drawing, 1);
  await engine.explain(b, drawing, 1);
  await settled();
  assert.deepEqual([opened, closed], [["a", "b"], ["a"]]);
  engine.rest();
  await settled();
  assert.deepEqual(closed, ["a", "b"]);
  explain = () => Promise.reject(new Error("broken"));
  await assert.rejects(engine.explain(a, drawing, 1), /broken/);
  explain = () => Promise.resolve(insight);
  await engine.explain(a, drawing, 1);
  assert.deepEqual(opened, ["a", "b", "a", "a"]);
});
