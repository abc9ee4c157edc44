import assert from "node:assert/strict";
import { signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { record } from "../model_testing.ts";
import { AllModels, MOST } from "./all_models.ts";
import { agreement } from "./all_models_view.tsx";

const pixels = new Uint8Array(784);
const stored = (count: number): ModelRecord[] =>
  Array.from({ length: count }, (_, i) => ({ ...record, id: `m${i}`, accuracy: 90 + i / 100 }));

function open(records: readonly ModelRecord[] | undefined, digitOf: (id: string) => number) {
  const drawing = signal<Uint8Array | undefined>(pixels);
  const asked: string[] = [];
  const model = new AllModels({
    drawn: drawing,
    list: () => Promise.resolve(records),
    engine: {
      ask({ id }) {
        asked.push(id);
        const digit = digitOf(id);
        if (digit < 0) return Promise.reject(new Error("broken"));
        return Promise.resolve(new Float32Array(10).fill(0.9, digit, digit + 1));
      },
      retain() {},
    },
    pause: () => Promise.resolve(),
  });
  return { model, drawing, asked };
}

Deno.test("all models are asked, the most accurate first, their votes are counted, and a broken one stops nobody", async () => {
  const { model, asked } = open(stored(5), (id) => ({ m0: 9, m1: -1 })[id] ?? 4);
  await model.ask();
  assert.deepEqual(asked, ["m4", "m3", "m2", "m1", "m0"]);
  assert.equal(model.state.value, "done");
  assert.deepEqual(model.votes.value, [{ digit: 4, votes: 3 }, { digit: 9, votes: 1 }]);
  assert.equal(agreement(model.votes.value, 5), "3 of 5 say 4, 1 says 9");
  assert.equal(model.opinions.value[3].says, "unusable");
});

Deno.test("the next drawing ends it, and what was said of the one before goes", async () => {
  const { model, drawing, asked } = open(stored(9), () => {
    if (asked.length === 3) drawing.value = pixels.slice();
    return 4;
  });
  await model.ask();
  assert.equal(asked.length, 3);
  assert.deepEqual([model.state.value, model.opinions.value], ["idle", []]);
  drawing.value = undefined;
  assert.equal(model.canAsk.value, false);
});

Deno.test("of very many models the most accurate are asked, and a service that is gone is told", async () => {
  const { model, asked } = open(stored(MOST + 20), () => 4);
  await model.ask();
  assert.deepEqual([asked.length, asked.at(-1), model.stored.value], [MOST, "m20", MOST + 20]);
  const lonely = open(undefined, () => 4);
  await lonely.model.ask();
  assert.equal(lonely.model.state.value, "unreachable");
});
