import assert from "node:assert/strict";
import { analysisOf } from "./analysis_testing.ts";
import { Report } from "./report.ts";

const report = new Report(analysisOf([
  [4, 4, 99],
  [4, 9, 60],
  [4, 4, 55],
  [9, 4, 97],
  [4, 9, 80],
  [1, 1, 100],
]));

Deno.test("each digit has its share of right answers; a digit without pictures has none", () => {
  assert.deepEqual(report.classes[4], { digit: 4, count: 4, correct: 2, percent: 50 });
  assert.deepEqual(report.classes[9], { digit: 9, count: 1, correct: 0, percent: 0 });
  assert.deepEqual(report.classes[0], { digit: 0, count: 0, correct: 0, percent: undefined });
});

Deno.test("mistakes come with their confidence, the most confident first", () => {
  assert.deepEqual(report.mistakes.map(({ index, was, said }) => [index, was, said]), [[3, 9, 4], [4, 4, 9], [
    1,
    4,
    9,
  ]]);
  assert(Math.abs(report.mistakes[0].confidence - 0.97) < 1e-4);
});

Deno.test("the digits of a cell are sorted: mistakes from the most confident, right answers from the least", () => {
  assert.deepEqual(report.digitsOf(4, 9).map(({ index }) => index), [4, 1]);
  assert.deepEqual(report.digitsOf(4, 4).map(({ index }) => index), [2, 0]);
  assert.deepEqual(report.digitsOf(7, 7), []);
});

Deno.test("an accuracy that differs from the record is noticed", () => {
  assert.equal(report.differsFromRecord, false);
  assert.equal(new Report(analysisOf([[1, 1, 90]], { recorded_accuracy: 97.5 })).differsFromRecord, true);
});
