import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DrawingCanvas } from "./drawing_canvas.ts";
import type { GridCursor } from "./grid_cursor.ts";
import type { Sketch } from "./sketch.ts";

/** How to draw without a mouse; part of the text that describes the paper. */
export const KEYBOARD_WORDS = "By keyboard: arrow keys move, space inks, Shift with an arrow key draws a line.";

/** The element to draw on, accessible to screen readers. `canvas` is attached to `element`. */
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
      <CursorStatus
        sketch={sketch}
        cursor={cursor}
        inkOf={(row, column) => canvas.current?.inkOf(row, column) ?? 0}
      />
    </>
  );
}

/** The cursor is announced only once it has rested this long, in ms. */
const REST_MS = 180;
/** Share of ink, from 0 to 1, from which a cell counts as inked. */
const INKED = 0.4;

/** Tells a screen reader where the keyboard's cursor rests, and whether there is ink. */
function CursorStatus(
  { sketch, cursor, inkOf }: { sketch: Sketch; cursor: GridCursor; inkOf: (row: number, column: number) => number },
) {
  const [words, setWords] = useState("");
  const [row, column, shown] = [cursor.row.value, cursor.column.value, cursor.shown.value];
  // Not read while a mouse draws, because every move would render this component.
  const marks = shown ? sketch.marks.value : undefined;
  useEffect(() => {
    if (!shown) return setWords("");
    const describe = () => {
      const ink = inkOf(row, column) >= INKED ? "ink" : "blank";
      setWords(`Row ${row + 1}, column ${column + 1}, ${ink}`);
    };
    const timer = setTimeout(describe, REST_MS);
    return () => clearTimeout(timer);
  }, [row, column, shown, marks]);
  return <p class="unseen" aria-live="polite" data-cursor>{words}</p>;
}
