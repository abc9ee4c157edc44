import { useEffect, useState } from "preact/hooks";
import type { GridCursor } from "./grid_cursor.ts";
import type { Sketch } from "./sketch.ts";

/** A cursor that has rested for so long, in ms, is announced; one on its way is not. */
const REST_MS = 180;
/** Ink, from 0 to 1, from which on a cell counts as inked. */
const INKED = 0.4;

/** Tells a screen reader where the keyboard's cursor came to rest, and whether there is ink. */
export function CursorWords(
  { sketch, cursor, inkOf }: { sketch: Sketch; cursor: GridCursor; inkOf: (row: number, column: number) => number },
) {
  const [words, setWords] = useState("");
  const [row, column, shown] = [cursor.row.value, cursor.column.value, cursor.shown.value];
  // Not looked at while a mouse draws: each of its moves would render this.
  const marks = shown ? sketch.marks.value : undefined;
  useEffect(() => {
    if (!shown) return setWords("");
    const timer = setTimeout(() => setWords(describeCell(row, column, inkOf(row, column) >= INKED)), REST_MS);
    return () => clearTimeout(timer);
  }, [row, column, shown, marks]);
  return <p class="unseen" aria-live="polite" data-cursor>{words}</p>;
}

function describeCell(row: number, column: number, isInked: boolean): string {
  return `Row ${row + 1}, column ${column + 1}, ${isInked ? "ink" : "blank"}`;
}
