import { signal } from "@preact/signals";
import assert from "node:assert/strict";
import type { Attribution } from "../../core/training/attribution.ts";
import { settled } from "../shared/wire/fake_lab_testing.ts";
import { record } from "./drawing_page_testing.ts";
import { Explanation } from "./inside.ts";
import type { Answered } from "./outcome.ts";

const drawn = (tone: number): Answered => ({
  pixels: new Uint8Array(784).fill(tone),
  digit: 7,
  modelId: "m1",
  byServer: false,
});

/** An explanation that records what it is asked; the test decides when the page is idle. */
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
  const explanation = new Explanation({
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
  return { explanation, answered, explained, remembered, beIdle, rests: () => rests };
}

const shown = ({ explanation }: ReturnType<typeof open>) => explanation.current.value?.answered.pixels[0];

Deno.test("an answer is explained once the page is idle, and its explanation stays until the next is ready", async () => {
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

Deno.test("a new answer cancels the explanation of the previous answer, and clearing removes it", async () => {
  const page = open();
  page.answered.value = drawn(1);
  page.answered.value = drawn(2);
  await page.beIdle();
  assert.deepEqual(page.explained, [2]);
  page.answered.value = undefined;
  assert.equal(shown(page), undefined);
});

Deno.test("closed sections compute nothing, are remembered, and explain the current drawing once opened", async () => {
  const page = open();
  page.explanation.setOpen("picture", false);
  assert.equal(page.rests(), 1);
  page.answered.value = drawn(1);
  await page.beIdle();
  assert.deepEqual(page.explained, []);
  page.explanation.setOpen("layers", true);
  await page.beIdle();
  assert.deepEqual([page.explained, shown(page)], [[1], 1]);
  const next = open(page.remembered);
  assert.deepEqual([next.explanation.isOpen("picture"), next.explanation.isOpen("layers")], [false, true]);
});

Deno.test("a model that is gone is reported, and the next drawing tries again", async () => {
  const stored: typeof record[] = [];
  const page = open({}, stored);
  page.answered.value = drawn(1);
  await page.beIdle();
  assert.match(page.explanation.error.value ?? "", /could not open the model/);
  stored.push(record);
  page.answered.value = drawn(2);
  await page.beIdle();
  assert.deepEqual([page.explanation.error.value, shown(page)], [undefined, 2]);
});
