import assert from "node:assert/strict";
import { FakeLab } from "../shared/wire/fake_lab_testing.ts";
import { OFFERED, TestDigits } from "./test_digits.ts";

const digits = [{ index: 15, label: 5 }, { index: 7, label: 9 }];

/** Test digits of a lab that has two; the test decides when a picture is decoded. */
function openTestDigits() {
  const lab = new FakeLab();
  lab.replies.set(`/api/digits?count=${OFFERED}&seed=1`, { status: 200, body: { digits } });
  lab.files.set("/api/digits/15.png", Uint8Array.of(15));
  lab.files.set("/api/digits/7.png", Uint8Array.of(7));
  const decodings: (() => void)[] = [];
  const testDigits = new TestDigits(lab, (png) => new Promise((resolve) => decodings.push(() => resolve(png))));
  return { lab, testDigits, decodings };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("ten digits are offered, and others on request", async () => {
  const { lab, testDigits } = openTestDigits();
  await testDigits.offer();
  assert.deepEqual(testDigits.offered.value, digits);
  lab.replies.set(`/api/digits?count=${OFFERED}&seed=2`, { status: 200, body: { digits: digits.slice(1) } });
  await testDigits.offer();
  assert.deepEqual(testDigits.offered.value, digits.slice(1));
});

Deno.test("only the digit that was picked last is returned, with its label and pixels", async () => {
  const { testDigits, decodings } = openTestDigits();
  const first = testDigits.pick(digits[0]);
  const second = testDigits.pick(digits[1]);
  await settled();
  for (const decode of decodings) decode();
  assert.equal(await first, undefined);
  assert.deepEqual(await second, { kind: "test digit", index: 7, label: 9, pixels: Uint8Array.of(7) });
});

Deno.test("a lab without test digits says why; an unreachable one is reported", async () => {
  const { lab, testDigits } = openTestDigits();
  lab.replies.set(`/api/digits?count=${OFFERED}&seed=1`, { status: 404, body: { error: "No test digits." } });
  await testDigits.offer();
  assert.equal(testDigits.complaint.value, "No test digits.");
  await testDigits.offer();
  assert.match(testDigits.complaint.value!, /cannot be reached/);
  assert.equal(await testDigits.pick({ index: 1, label: 1 }), undefined);
  assert.match(testDigits.complaint.value!, /could not be loaded/);
});
