import assert from "node:assert/strict";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { SeveralModels } from "./several_models.ts";

const records = ["a", "b", "c"].map((id) => ({ id }) as ModelRecord);
const drawing = new Uint8Array(784);

function open() {
  const opened: string[] = [], closed: string[] = [];
  let value = 0.1, mostOpen = 0;
  const models = new SeveralModels(({ id }) => {
    opened.push(id);
    mostOpen = Math.max(mostOpen, opened.length - closed.length);
    const predict = () => Promise.resolve(new Float32Array(10).fill(value));
    return Promise.resolve({ device: "wasm", predict, close: () => void closed.push(id) });
  }, 2);
  return { models, opened, closed, mostOpen: () => mostOpen, answer: (next: number) => value = next };
}

Deno.test("the first few stay open for the next drawing, those behind are closed again, one at a time", async () => {
  const { models, opened, closed, mostOpen } = open();
  await Promise.all(records.map((record) => models.ask(record, drawing)));
  await Promise.all(records.map((record) => models.ask(record, drawing)));
  assert.deepEqual([opened, closed, mostOpen()], [["a", "b", "c", "c"], ["c", "c"], 3]);
});

Deno.test("what is removed or changed is closed, and a model that answers no numbers does not stay", async () => {
  const { models, opened, closed, answer } = open();
  await models.ask(records[0], drawing);
  models.retain([{ ...records[0], accuracy: 99 }]);
  assert.deepEqual(closed, ["a"]);
  answer(NaN);
  await assert.rejects(models.ask(records[1], drawing), /not finite/);
  assert.deepEqual(closed, ["a", "b"]);
  answer(0.1);
  await models.ask(records[1], drawing);
  assert.deepEqual(opened, ["a", "b", "b"]);
});
