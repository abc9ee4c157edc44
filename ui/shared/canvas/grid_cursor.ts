import { batch, signal } from "@preact/signals";
import { BRUSHES, CELL_SIDE, GRID_SIDE, PAPER_SIDE } from "./marks.ts";
import type { Sketch } from "./sketch.ts";

/** By how many rows and columns each key moves the cursor. */
const MOVES: Readonly<Record<string, { row: number; column: number }>> = {
  ArrowLeft: { row: 0, column: -1 },
  ArrowRight: { row: 0, column: 1 },
  ArrowUp: { row: -1, column: 0 },
  ArrowDown: { row: 1, column: 0 },
  Home: { row: 0, column: -GRID_SIDE },
  End: { row: 0, column: GRID_SIDE },
  PageUp: { row: -GRID_SIDE, column: 0 },
  PageDown: { row: GRID_SIDE, column: 0 },
};

/** A key as the browser reports it. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
}

/**
 * Draws by keyboard on a grid of 28 × 28 cells: arrow keys move, space inks, Delete erases. Moving with Shift or with
 * space held down draws. A stroke ends when its key is released.
 */
export class GridCursor {
  readonly row = signal(6);
  readonly column = signal(13);
  /** True only while the keyboard is in use: a mouse user does not need the cursor. */
  readonly shown = signal(false);
  readonly #sketch: Sketch;
  /** The key that holds the brush down. */
  #heldBy: " " | "Shift" | undefined;

  constructor(sketch: Sketch) {
    this.#sketch = sketch;
  }

  /** Handles a pressed key; returns whether the key has a meaning here. */
  press({ key, shiftKey }: KeyPress): boolean {
    const move = MOVES[key];
    if (move !== undefined) {
      this.shown.value = true;
      if (shiftKey && this.#heldBy === undefined) this.#hold("Shift");
      this.#move(move.row, move.column);
      return true;
    }
    if (key === " ") {
      this.shown.value = true;
      if (this.#heldBy !== " ") this.#hold(" ");
      return true;
    }
    // For a mouse user, Delete clears the whole drawing.
    if ((key === "Delete" || key === "Backspace") && this.shown.value && !shiftKey) {
      this.#endStroke();
      this.#sketch.paintCells(this.#cells(), false);
      this.#sketch.finish();
      return true;
    }
    return false;
  }

  /** Handles a released key. */
  release(key: string): void {
    if (key === this.#heldBy) this.#endStroke();
  }

  /** Ends the stroke and hides the cursor. Call when the focus goes elsewhere. */
  leave(): void {
    this.#endStroke();
    this.shown.value = false;
  }

  #hold(key: " " | "Shift"): void {
    this.#heldBy = key;
    this.#sketch.paintCells(this.#cells(), true);
  }

  #move(rows: number, columns: number): void {
    // One cell at a time, so that a stroke along a whole row has no gaps.
    for (let step = Math.max(Math.abs(rows), Math.abs(columns)); step > 0; step--) {
      batch(() => {
        this.row.value = clampToGrid(this.row.value + Math.sign(rows));
        this.column.value = clampToGrid(this.column.value + Math.sign(columns));
      });
      if (this.#heldBy !== undefined) this.#sketch.paintCells(this.#cells(), true);
    }
  }

  #endStroke(): void {
    if (this.#heldBy === undefined) return;
    this.#heldBy = undefined;
    this.#sketch.finish();
  }

  /** The square under the brush, in cells: the cursor's own cell, and for a wide brush its neighbours. */
  get square(): { row: number; column: number; side: number } {
    const side = BRUSHES[this.#sketch.brush.value].cells;
    const before = Math.floor((side - 1) / 2);
    return { row: this.row.value - before, column: this.column.value - before, side };
  }

  /** The cells of that square that are on the paper. */
  #cells(): number[] {
    const { row, column, side } = this.square;
    const square = Array.from({ length: side * side }, (_, i) => ({
      row: row + Math.floor(i / side),
      column: column + i % side,
    }));
    return square.filter((at) => at.row === clampToGrid(at.row) && at.column === clampToGrid(at.column))
      .map((at) => at.row * GRID_SIDE + at.column);
  }
}

function clampToGrid(index: number): number {
  return Math.min(GRID_SIDE - 1, Math.max(0, index));
}

/** Paints the keyboard's grid, faintly, and the square under the brush. */
export function paintGridCursor(
  context: CanvasRenderingContext2D,
  { square }: GridCursor,
  colours: { lines: string; cursor: string; halo: string },
): void {
  context.beginPath();
  for (let line = 1; line < GRID_SIDE; line++) {
    context.moveTo(line * CELL_SIDE, 0);
    context.lineTo(line * CELL_SIDE, PAPER_SIDE);
    context.moveTo(0, line * CELL_SIDE);
    context.lineTo(PAPER_SIDE, line * CELL_SIDE);
  }
  context.lineWidth = 0.5;
  context.strokeStyle = colours.lines;
  context.stroke();

  const [x, y, side] = [square.column * CELL_SIDE, square.row * CELL_SIDE, square.side * CELL_SIDE];
  // Two frames, so that the cursor is visible on ink as well as on paper.
  context.lineJoin = "miter";
  context.lineWidth = 5;
  context.strokeStyle = colours.halo;
  context.strokeRect(x, y, side, side);
  context.lineWidth = 2.5;
  context.strokeStyle = colours.cursor;
  context.strokeRect(x, y, side, side);
}
