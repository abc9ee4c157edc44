import type { RefObject } from "preact";
import { CursorWords } from "./cursor_words.tsx";
import type { DrawingCanvas } from "./drawing_canvas.ts";
import type { GridCursor } from "./grid_cursor.ts";
import type { Sketch } from "./sketch.ts";

/** How to draw without a mouse; belongs to what describes the paper. */
export const KEYBOARD_WORDS = "By keyboard: arrow keys move, space inks, Shift with an arrow key draws a line.";

/** What one draws on, as it is told to a screen reader. `canvas` is made on `element`. */
export function Paper({ element, canvas, sketch, cursor, ...names }: {
  element: RefObject<HTMLCanvasElement | null>;
  canvas: RefObject<DrawingCanvas | null>;
  sketch: Sketch;
  cursor: GridCursor;
  id: string;
  "aria-label": string;
  "aria-describedby": string;
}) {
  return (
    <>
      <canvas
        ref={element}
        class="paper"
        role="application"
        aria-roledescription="drawing grid"
        tabIndex={0}
        {...names}
      />
      <CursorWords
        sketch={sketch}
        cursor={cursor}
        inkOf={(row, column) => canvas.current?.inkOf(row, column) ?? 0}
      />
    </>
  );
}
