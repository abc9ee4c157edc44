import assert from "node:assert/strict";
import { KeyboardPen } from "./keyboard_pen.ts";
import { PAPER_SIDE, type Point } from "./strokes.ts";

Deno.test("the keyboard draws only while its pen is down, and stays on the paper", () => {
  const strokes: Point[][] = [];
  let ended = 0;
  const pen = new KeyboardPen({
    begin: (at) => strokes.push([at]),
    extend: (to) => strokes[strokes.length - 1].push(to),
    end: () => ended++,
  });
  pen.press("ArrowDown");
  assert.equal(strokes.length, 0);
  pen.press(" ");
  for (let i = 0; i < 100; i++) pen.press("ArrowRight");
  assert.equal(ended, 0);
  pen.press(" ");
  pen.lift();
  pen.press("ArrowUp");
  assert.deepEqual([strokes.length, ended], [1, 1]);
  assert.equal(strokes[0].length, 101);
  assert.equal(strokes[0][100].x, PAPER_SIDE);
  assert.equal(pen.press("Tab"), false);
});
