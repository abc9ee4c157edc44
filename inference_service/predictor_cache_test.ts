import assert from "node:assert/strict";
import type { ModelRecord } from "../protocol/mod.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { record } from "./testing.ts";

const pixels = new Uint8Array(784);

/** A cache whose openings and closings are written down. */
function observe(capacity?: number) {
  const events: string[] = [];
  const cache = new PredictorCache((model: ModelRecord) => {
    events.push(`open ${model.id}`);
    let running = 0;
    let closed = false;
    return Promise.resolve({
      async predict() {
        assert.equal(++running, 1, "drawings for one model overlap");
        await Promise.resolve();
        running--;
        assert.ok(!closed, "closed before its answer");
        return new Float32Array(10);
      },
      close() {
        closed = true;
        events.push(`close ${model.id}`);
      },
    });
  }, capacity);
  return { cache, events };
}

/** Lets the closings that follow an answer happen. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a model is opened once and answers one drawing after the other", async () => {
  const { cache, events } = observe();
  await Promise.all(Array.from({ length: 5 }, () => cache.predict(record({ id: "a" }), pixels)));
  assert.deepEqual(events, ["open a"]);
});

Deno.test("the model that was not used for longest makes room, once it has answered", async () => {
  const { cache, events } = observe(2);
  const [a, b, c] = ["a", "b", "c"].map((id) => record({ id }));
  await cache.predict(a, pixels);
  await cache.predict(b, pixels);
  await cache.predict(a, pixels);
  const late = cache.predict(b, pixels);
  await cache.predict(a, pixels);
  await cache.predict(c, pixels);
  await late;
  await settled();
  assert.deepEqual(events, ["open a", "open b", "open c", "close b"]);
});

Deno.test("a model that changed is opened anew", async () => {
  const { cache, events } = observe();
  await cache.predict(record({ id: "a" }), pixels);
  await cache.predict(record({ id: "a", timestamp: 2 }), pixels);
  await settled();
  assert.deepEqual(events, ["open a", "open a", "close a"]);
});

Deno.test("models that are gone or changed are closed, the others stay", async () => {
  const { cache, events } = observe();
  for (const id of ["a", "b", "c"]) await cache.predict(record({ id }), pixels);
  cache.retain([record({ id: "a" }), record({ id: "b", accuracy: 1 })]);
  await settled();
  assert.deepEqual(events.slice(3), ["close b", "close c"]);
  cache.close();
  await settled();
  assert.deepEqual(events.slice(5), ["close a"]);
});

Deno.test("a model whose record was read anew, and is as before, stays open", async () => {
  const { cache, events } = observe();
  await cache.predict(record({ id: "a" }), pixels);
  const [again, changed] = [record({ id: "a" }), record({ id: "a", accuracy: 1 })];
  for (const records of [[again], [again], [record({ id: "b" }), record({ id: "a" })]]) cache.retain(records);
  await settled();
  assert.deepEqual(events, ["open a"]);
  cache.retain([changed]);
  await settled();
  assert.deepEqual(events, ["open a", "close a"]);
});

Deno.test("a model that could not be opened is tried again", async () => {
  let attempts = 0;
  const cache = new PredictorCache(() => Promise.reject(new Error(`attempt ${++attempts}`)));
  await assert.rejects(cache.predict(record(), pixels), /attempt 1/);
  await assert.rejects(cache.predict(record(), pixels), /attempt 2/);
});
