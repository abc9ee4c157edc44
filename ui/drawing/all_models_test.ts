import { signal } from "@preact/signals";
import assert from "node:assert/strict";
import type { ModelRecord } from "../../protocol/mod.ts";
import { AllModels, MAX_ASKED } from "./all_models.ts";
import { record } from "./drawing_page_testing.ts";
import { agreement } from "./all_models_view.tsx";

const pixels = new Uint8Array(784);
const stored = (count: number): ModelRecord[] =>
  Array.from({ length: count }, (_, i) => ({ ...record, id: `m${i}`, accuracy: 90 + i / 100 }));

function open(records: readonly ModelRecord[] | undefined, digitOf: (id: string) => number) {
  const drawing = signal<Uint8Array | undefined>(pixels);
  const asked: string[] = [];
  const all = new AllModels({
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
  return { all, drawing, asked };
}

Deno.test("all models are asked, the most accurate first, and a broken one does not stop the others", async () => {
  const { all, asked } = open(stored(5), (id) => ({ m0: 9, m1: -1 })[id] ?? 4);
  await all.ask();
  assert.deepEqual(asked, ["m4", "m3", "m2", "m1", "m0"]);
  assert.equal(all.state.value, "done");
  assert.deepEqual(all.votes.value, [{ digit: 4, votes: 3 }, { digit: 9, votes: 1 }]);
  assert.equal(agreement(all.votes.value, 5), "3 of 5 say 4, 1 says 9");
  assert.equal(all.opinions.value[3].says, "unusable");
});

Deno.test("the next drawing stops the questions and clears the opinions", async () => {
  const { all, drawing, asked } = open(stored(9), () => {
    if (asked.length === 3) drawing.value = pixels.slice();
    return 4;
  });
  await all.ask();
  assert.equal(asked.length, 3);
  assert.deepEqual([all.state.value, all.opinions.value], ["idle", []]);
  drawing.value = undefined;
  assert.equal(all.canAsk.value, false);
});

Deno.test("if there are very many models, only the most accurate are asked; an unreachable service is reported", async () => {
  const { all, asked } = open(stored(MAX_ASKED + 20), () => 4);
  await all.ask();
  assert.deepEqual([asked.length, asked.at(-1), all.stored.value], [MAX_ASKED, "m20", MAX_ASKED + 20]);
  const lonely = open(undefined, () => 4);
  await lonely.all.ask();
  assert.equal(lonely.all.state.value, "unreachable");
});
