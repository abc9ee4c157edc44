import assert from "node:assert/strict";
import { readMarks, writeMarks } from "./keep_drawing.ts";
import type { Mark } from "./marks.ts";

Deno.test("every kind of mark survives as text", () => {
  const marks: Mark[] = [
    { kind: "test digit", index: 7, label: 3, pixels: Uint8Array.from({ length: 784 }, (_, i) => i % 256) },
    { kind: "stroke", width: 20, points: [{ x: 1.25, y: 2, force: 0.5 }, { x: 3, y: 4, force: 1 }] },
    { kind: "cells", ink: false, cells: new Set([1, 29]) },
  ];
  assert.deepEqual(readMarks(writeMarks(marks)), marks);
});

Deno.test("a text that was cut off leaves the paper blank", () => {
  for (const text of [null, "", "[", '[{"kind":"cells","cells":3}]']) {
    assert.deepEqual(readMarks(text), [], String(text));
  }
});
