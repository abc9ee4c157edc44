import assert from "node:assert/strict";
import { FakeLab } from "../../shared/wire/fake_lab_testing.ts";
import { HANDFUL, SampleShelf } from "./sample_shelf.ts";

const digits = [{ index: 15, label: 5 }, { index: 7, label: 9 }];

/** A shelf whose lab offers those digits, and pictures that are decoded when the test says so. */
function openShelf() {
  const lab = new FakeLab();
  lab.replies.set(`/api/digits?count=${HANDFUL}&seed=1`, { status: 200, body: { digits } });
  lab.files.set("/api/digits/15.png", Uint8Array.of(15));
  lab.files.set("/api/digits/7.png", Uint8Array.of(7));
  const decodings: (() => void)[] = [];
  const shelf = new SampleShelf(lab, (png) => new Promise((resolve) => decodings.push(() => resolve(png))));
  return { lab, shelf, decodings };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a handful is put out, and another one when asked", async () => {
  const { lab, shelf } = openShelf();
  await shelf.refill();
  assert.deepEqual(shelf.digits.value, digits);
  lab.replies.set(`/api/digits?count=${HANDFUL}&seed=2`, { status: 200, body: { digits: digits.slice(1) } });
  await shelf.refill();
  assert.deepEqual(shelf.digits.value, digits.slice(1));
});

Deno.test("the latest digit taken is the one that comes, with its picture and what it was written as", async () => {
  const { shelf, decodings } = openShelf();
  const first = shelf.take(digits[0]);
  const second = shelf.take(digits[1]);
  await settled();
  for (const decode of decodings) decode();
  assert.equal(await first, undefined);
  assert.deepEqual(await second, { kind: "sample", index: 7, label: 9, pixels: Uint8Array.of(7) });
});

Deno.test("a lab without test digits says why, in its own words; one that is away is named", async () => {
  const { lab, shelf } = openShelf();
  lab.replies.set(`/api/digits?count=${HANDFUL}&seed=1`, { status: 404, body: { error: "No test digits." } });
  await shelf.refill();
  assert.equal(shelf.complaint.value, "No test digits.");
  await shelf.refill();
  assert.match(shelf.complaint.value!, /cannot be reached/);
  assert.equal(await shelf.take({ index: 1, label: 1 }), undefined);
  assert.match(shelf.complaint.value!, /could not be fetched/);
});
