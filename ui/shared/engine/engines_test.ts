import assert from "node:assert/strict";
import type { Attribution } from "../../../core/training/attribution.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { settled } from "../wire/fake_lab_testing.ts";
import { AttributionEngine, LocalEngine, type OpenModel, SeveralModels } from "./engines.ts";

const [a, b, c] = ["a", "b", "c"].map((id) => ({ id }) as ModelRecord);
const drawing = new Uint8Array(784);

/** Models whose opening and closing a test can watch. */
class Models {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  mostOpen = 0;
  answer = (): Promise<Float32Array> => Promise.resolve(new Float32Array(10).fill(0.1));

  open = ({ id }: ModelRecord): Promise<OpenModel> => {
    this.opened.push(id);
    this.mostOpen = Math.max(this.mostOpen, this.opened.length - this.closed.length);
    return Promise.resolve({ device: "wasm", predict: () => this.answer(), close: () => void this.closed.push(id) });
  };
}

Deno.test("a model is loaded once, in advance, and answers every drawing", async () => {
  const models = new Models();
  const engine = new LocalEngine(models.open);
  engine.prepare(a);
  assert.equal(engine.isReady(a), false);
  await settled();
  assert.equal(engine.isReady(a), true);
  engine.prepare({ ...a });
  const { probabilities, device } = await engine.predict(a, drawing);
  assert.deepEqual([probabilities.length, device], [10, "wasm"]);
  await engine.predict(a, drawing);
  assert.deepEqual(models.opened, ["a"]);
});

Deno.test("drawings are answered one at a time, and a model that is no longer needed closes after its last answer", async () => {
  const models = new Models();
  const engine = new LocalEngine(models.open);
  const answers: PromiseWithResolvers<Float32Array>[] = [];
  models.answer = () => {
    answers.push(Promise.withResolvers());
    return answers.at(-1)!.promise;
  };
  const first = engine.predict(a, drawing);
  const second = engine.predict(a, drawing);
  engine.prepare(b);
  await settled();
  assert.equal(answers.length, 1);
  answers[0].resolve(new Float32Array(10));
  await first;
  await settled();
  assert.deepEqual(models.closed, []);
  answers[1].resolve(new Float32Array(10));
  await second;
  await settled();
  assert.deepEqual(models.closed, ["a"]);
  assert.equal(engine.isReady(b), true);
});

Deno.test("a model that is no longer needed before it is open is closed once it is open", async () => {
  const models = new Models();
  const engine = new LocalEngine(models.open);
  engine.prepare(a);
  engine.prepare(b);
  await settled();
  assert.deepEqual([models.opened, models.closed], [["a", "b"], ["a"]]);
});

Deno.test("a model whose record changed is opened again, even if it kept its id", async () => {
  const models = new Models();
  const engine = new LocalEngine(models.open);
  await engine.predict(a, drawing);
  const retrained = { ...a, accuracy: 99 };
  assert.equal(engine.isReady(retrained), false);
  await engine.predict(retrained, drawing);
  await settled();
  assert.deepEqual([models.opened, models.closed], [["a", "a"], ["a"]]);
});

Deno.test("a model that fails is loaded again the next time", async () => {
  const models = new Models();
  const engine = new LocalEngine((record) =>
    models.opened.length === 0
      ? (models.opened.push(record.id), Promise.reject(new Error("not there")))
      : models.open(record)
  );
  await assert.rejects(engine.predict(a, drawing), /not there/);
  models.answer = () => Promise.resolve(new Float32Array(10).fill(NaN));
  await assert.rejects(engine.predict(a, drawing), /not finite/);
  await settled();
  assert.equal(engine.isReady(a), false);
  assert.deepEqual(models.closed, ["a"]);
  models.answer = () => Promise.resolve(new Float32Array(10));
  await engine.predict(a, drawing);
  assert.deepEqual(models.opened, ["a", "a", "a"]);
});

Deno.test("one model at a time is open for explanations until it rests, and opened again after a failure", async () => {
  const attribution: Attribution = { logits: new Float32Array(10), contributions: new Float32Array(784), layers: [] };
  const opened: string[] = [], closed: string[] = [];
  let explain = () => Promise.resolve(attribution);
  const engine = new AttributionEngine(({ id }) => {
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
  explain = () => Promise.resolve(attribution);
  await engine.explain(a, drawing, 1);
  assert.deepEqual(opened, ["a", "b", "a", "a"]);
});

Deno.test("the first few of several models stay open, and each of the others is closed after its answer", async () => {
  const models = new Models();
  const several = new SeveralModels(models.open, 2);
  await Promise.all([a, b, c].map((record) => several.ask(record, drawing)));
  await Promise.all([a, b, c].map((record) => several.ask(record, drawing)));
  assert.deepEqual([models.opened, models.closed, models.mostOpen], [["a", "b", "c", "c"], ["c", "c"], 3]);
});

Deno.test("models that were removed or changed are closed, and a model that answers NaN does not stay open", async () => {
  const models = new Models();
  const several = new SeveralModels(models.open, 2);
  await several.ask(a, drawing);
  several.retain([{ ...a, accuracy: 99 }]);
  assert.deepEqual(models.closed, ["a"]);
  const working = models.answer;
  models.answer = () => Promise.resolve(new Float32Array(10).fill(NaN));
  await assert.rejects(several.ask(b, drawing), /not finite/);
  assert.deepEqual(models.closed, ["a", "b"]);
  models.answer = working;
  await several.ask(b, drawing);
  assert.deepEqual(models.opened, ["a", "b", "b"]);
});
