import assert from "node:assert/strict";
import { signal } from "@preact/signals";
import type { Attribution } from "../../../core/training/attribution.ts";
import { settled } from "../../shared/wire/fake_lab_testing.ts";
import { record } from "../model_testing.ts";
import { type Answered, ExplainedModel } from "./explained_model.ts";

const drawn = (tone: number): Answered => ({
  pixels: new Uint8Array(784).fill(tone),
  digit: 7,
  modelId: "m1",
  byServer: false,
});

/** A model of which the test says when the page is idle, and that counts what it is asked. */
function open(remembered: Record<string, string> = {}, stored = [record]) {
  const answered = signal<Answered | undefined>(undefined);
  const idle: (() => void)[] = [];
  const explained: number[] = [];
  let rests = 0;
  const engine = {
    explain: (_: unknown, pixels: Uint8Array): Promise<Attribution> => {
      explained.push(pixels[0]);
      const layers = [{ shape: [2], values: Float32Array.of(0, 1) }];
      return Promise.resolve({ logits: new Float32Array(10), contributions: new Float32Array(784), layers });
    },
    rest: () => void rests++,
  };
  const model = new ExplainedModel({
    answered,
    engine,
    findRecord: (id) => Promise.resolve(stored.find((one) => one.id === id)),
    preferences: { get: (name) => remembered[name] ?? null, set: (name, value) => void (remembered[name] = value) },
    whenIdle(callback) {
      idle.push(callback);
      return () => void idle.splice(idle.indexOf(callback), 1);
    },
  });
  const beIdle = async () => {
    idle.splice(0).forEach((callback) => callback());
    await settled();
  };
  return { model, answered, explained, remembered, beIdle, rests: () => rests };
}

const shown = ({ model }: ReturnType<typeof open>) => model.explained.value?.answered.pixels[0];

Deno.test("an answer is explained once the page is idle, not before, and stays until the next one is there", async () => {
  const page = open();
  page.answered.value = drawn(1);
  await settled();
  assert.deepEqual([page.explained, shown(page)], [[], undefined]);
  await page.beIdle();
  assert.deepEqual([page.explained, shown(page)], [[1], 1]);
  page.answered.value = drawn(2);
  assert.equal(shown(page), 1);
  await page.beIdle();
  assert.equal(shown(page), 2);
});

Deno.test("a stroke that comes first calls the explanation of the one before off, and clearing takes it away", async () => {
  const page = open();
  page.answered.value = drawn(1);
  page.answered.value = drawn(2);
  await page.beIdle();
  assert.deepEqual(page.explained, [2]);
  page.answered.value = undefined;
  assert.equal(shown(page), undefined);
});

Deno.test("closed sections cost nothing, are remembered, and explain the present drawing when one is opened", async () => {
  const page = open();
  page.model.setOpen("picture", false);
  assert.equal(page.rests(), 1);
  page.answered.value = drawn(1);
  await page.beIdle();
  assert.deepEqual(page.explained, []);
  page.model.setOpen("layers", true);
  await page.beIdle();
  assert.deepEqual([page.explained, shown(page)], [[1], 1]);
  const next = open(page.remembered);
  assert.deepEqual([next.model.isOpen("picture"), next.model.isOpen("layers")], [false, true]);
});

Deno.test("a model that is gone is told in words, and the next drawing tries again", async () => {
  const stored: typeof record[] = [];
  const page = open({}, stored);
  page.answered.value = drawn(1);
  await page.beIdle();
  assert.match(page.model.error.value ?? "", /could not open the model/);
  stored.push(record);
  page.answered.value = drawn(2);
  await page.beIdle();
  assert.deepEqual([page.model.error.value, shown(page)], [undefined, 2]);
});
