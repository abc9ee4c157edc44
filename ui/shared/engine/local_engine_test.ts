import assert from "node:assert/strict";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { settled } from "../wire/fake_connection.ts";
import { LocalEngine, type OpenModel } from "./local_engine.ts";

const a = { id: "a" } as ModelRecord;
const b = { id: "b" } as ModelRecord;
const drawing = new Uint8Array(784);

/** Models that a test opens and looks into. */
class Models {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  answer = (): Promise<Float32Array> => Promise.resolve(new Float32Array(10).fill(0.1));

  open = ({ id }: ModelRecord): Promise<OpenModel> => {
    this.opened.push(id);
    return Promise.resolve({ device: "wasm", predict: () => this.answer(), close: () => void this.closed.push(id) });
  };
}

Deno.test("a model is loaded ahead once and answers every drawing", async () => {
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

Deno.test("drawings do not overlap, and a model that is left closes when its last one is answered", async () => {
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

Deno.test("a model whose record changed is opened anew, though it kept its id", async () => {
  const models = new Models();
  const engine = new LocalEngine(models.open);
  await engine.predict(a, drawing);
  const retrained = { ...a, accuracy: 99 };
  assert.equal(engine.isReady(retrained), false);
  await engine.predict(retrained, drawing);
  await settled();
  assert.deepEqual([models.opened, models.closed], [["a", "a"], ["a"]]);
});

Deno.test("a model that fails is loaded anew the next time", async () => {
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
