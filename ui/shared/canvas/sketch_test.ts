import { effect } from "@preact/signals";
import assert from "node:assert/strict";
import { BRUSHES, type Mark, type TestDigit } from "./marks.ts";
import { readMarks, Sketch, writeMarks } from "./sketch.ts";

const at = (x: number) => ({ x, y: 0, force: 1 });

function drawStroke(sketch: Sketch, x: number): void {
  sketch.beginStroke(at(x));
  sketch.extendStroke([at(x + 1)]);
  sketch.finish();
}

/** The kind of each mark, or where a stroke begins. */
const shown = (sketch: Sketch) =>
  sketch.marks.value.map((mark) => mark.kind === "stroke" ? mark.points[0].x : mark.kind);

const label = (sketch: Sketch) => sketch.testDigit.value?.label;

const five: TestDigit = { kind: "test digit", index: 15, label: 5, pixels: new Uint8Array(784) };

Deno.test("every step can be undone and redone, including clearing and test digits", () => {
  const sketch = new Sketch();
  drawStroke(sketch, 1);
  drawStroke(sketch, 2);
  sketch.clear();
  sketch.put([five]);
  const states = [[], [1], [1, 2], [], ["test digit"]];
  for (const state of states.toReversed()) {
    assert.deepEqual(shown(sketch), state);
    sketch.undo();
  }
  assert(!sketch.canUndo.value);
  for (const state of states) {
    assert.deepEqual(shown(sketch), state);
    sketch.redo();
  }
  assert(!sketch.canRedo.value);
});

Deno.test("a new stroke after an undo leaves nothing to redo", () => {
  const sketch = new Sketch();
  drawStroke(sketch, 1);
  sketch.undo();
  assert(sketch.canRedo.value);
  drawStroke(sketch, 2);
  assert(!sketch.canRedo.value);
  assert.deepEqual(shown(sketch), [2]);
});

Deno.test("a stroke shows while it is drawn, and is one step once it ends", () => {
  const sketch = new Sketch();
  let steps = -1;
  let paintings = -1;
  effect(() => void [sketch.steps.value, steps++]);
  effect(() => void [sketch.marks.value, paintings++]);
  sketch.beginStroke(at(1));
  for (let i = 0; i < 5; i++) sketch.extendStroke([at(i)]);
  assert.deepEqual([steps, paintings, sketch.blank.value], [0, 6, false]);
  sketch.finish();
  assert.equal(steps, 1);
  sketch.finish();
  assert.equal(steps, 1);
});

Deno.test("undo during a stroke drops only that stroke", () => {
  const sketch = new Sketch();
  drawStroke(sketch, 1);
  sketch.beginStroke(at(2));
  sketch.undo();
  assert.deepEqual(shown(sketch), [1]);
  assert(sketch.canUndo.value);
});

Deno.test("a stroke keeps the width of the brush it was drawn with", () => {
  const sketch = new Sketch();
  sketch.brush.value = "Thick";
  drawStroke(sketch, 1);
  sketch.brush.value = "Thin";
  drawStroke(sketch, 2);
  const widths = sketch.marks.value.map((mark) => mark.kind === "stroke" && mark.width);
  assert.deepEqual(widths, [BRUSHES.Thick.width, BRUSHES.Thin.width]);
});

Deno.test("a test digit replaces the drawing, until something is drawn over it", () => {
  const sketch = new Sketch();
  drawStroke(sketch, 1);
  sketch.put([five]);
  assert.equal(label(sketch), 5);
  drawStroke(sketch, 2);
  assert.equal(label(sketch), undefined);
  sketch.undo();
  assert.equal(label(sketch), 5);
});

Deno.test("blank paper has nothing to clear or to erase", () => {
  const sketch = new Sketch();
  sketch.clear();
  sketch.paintCells([1, 2], false);
  sketch.finish();
  assert(sketch.blank.value && !sketch.canUndo.value);
});

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
