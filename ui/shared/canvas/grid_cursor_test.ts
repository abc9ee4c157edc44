import assert from "node:assert/strict";
import { GridCursor } from "./grid_cursor.ts";
import { GRID_SIDE } from "./marks.ts";
import { Sketch } from "./sketch.ts";

/** A cursor at the grid's upper left corner, with a brush of one cell. */
function atCorner() {
  const sketch = new Sketch();
  sketch.brush.value = "Thin";
  const cursor = new GridCursor(sketch);
  const press = (key: string, shiftKey = false) => cursor.press({ key, shiftKey });
  press("PageUp");
  press("Home");
  return { sketch, cursor, press };
}

/** The cells of the only mark, as `[row, column]`. */
function cellsOf(sketch: Sketch): number[][] {
  const [mark, second] = sketch.marks.value;
  assert(mark?.kind === "cells" && second === undefined);
  return [...mark.cells].map((cell) => [Math.floor(cell / GRID_SIDE), cell % GRID_SIDE]);
}

Deno.test("arrow keys move within the grid and leave no ink", () => {
  const { sketch, cursor, press } = atCorner();
  for (let i = 0; i < 40; i++) press("ArrowRight");
  press("ArrowUp");
  assert.deepEqual([cursor.row.value, cursor.column.value], [0, GRID_SIDE - 1]);
  press("ArrowDown");
  press("ArrowLeft");
  assert.deepEqual([cursor.row.value, cursor.column.value], [1, GRID_SIDE - 2]);
  assert(sketch.blank.value && cursor.shown.value);
  assert(!press("Tab") && !press("Enter"), "other keys are left to the page");
});

Deno.test("space inks the cell under the cursor, and draws while it is held down", () => {
  const { sketch, cursor, press } = atCorner();
  press(" ");
  press(" ");
  press("ArrowRight");
  press("ArrowDown");
  assert(!sketch.canUndo.value, "the stroke has not ended yet");
  cursor.release(" ");
  press("ArrowDown");
  assert.deepEqual(cellsOf(sketch), [[0, 0], [0, 1], [1, 1]]);
  sketch.undo();
  assert(sketch.blank.value, "a stroke is one step");
});

Deno.test("Shift with an arrow key draws a stroke; Shift with End draws to the edge without gaps", () => {
  const { sketch, cursor, press } = atCorner();
  press("ArrowDown", true);
  press("End", true);
  cursor.release("Shift");
  press("ArrowDown");
  assert.equal(cellsOf(sketch).length, 1 + GRID_SIDE);
  assert(sketch.canUndo.value);
});

Deno.test("a wide brush inks a square that is cut off at the edge of the paper", () => {
  const { sketch, cursor, press } = atCorner();
  sketch.brush.value = "Thick";
  press(" ");
  cursor.release(" ");
  assert.deepEqual(cellsOf(sketch), [[0, 0], [0, 1], [1, 0], [1, 1]]);
});

Deno.test("Delete erases under the cursor, but is left to the page while no cursor is shown", () => {
  const { sketch, cursor, press } = atCorner();
  press(" ");
  cursor.release(" ");
  assert(press("Delete"));
  assert.deepEqual(sketch.marks.value.map((mark) => mark.kind === "cells" && mark.ink), [true, false]);
  assert(!press("Delete", true), "with Shift it is left to the page");
  cursor.leave();
  assert(!press("Delete"));
});

Deno.test("a stroke ends when the paper loses the focus", () => {
  const { sketch, cursor, press } = atCorner();
  press(" ");
  cursor.leave();
  assert(sketch.canUndo.value && !cursor.shown.value);
  press("ArrowRight");
  assert.deepEqual(cellsOf(sketch), [[0, 0]]);
});
