import { batch, signal } from "@preact/signals";
import { BRUSHES, GRID_SIDE } from "./marks.ts";
import type { Sketch } from "./sketch.ts";

/** Rows and columns that a key moves the cursor by. */
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

/** A key as the browser tells it. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
}

/**
 * Draws by keyboard on a grid of 28 × 28 cells: arrow keys move, space inks, Delete wipes. Shift with an arrow key, or
 * space held down, draws on the way. A stroke ends when its key comes up.
 */
export class GridCursor {
  readonly row = signal(6);
  readonly column = signal(13);
  /** Only while it is in use: beside a mouse it would be in the way. */
  readonly shown = signal(false);
  /** The key that holds the brush down. */
  #heldBy: " " | "Shift" | undefined;

  constructor(private readonly sketch: Sketch) {}

  /** Whether the key meant something here. */
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
    // With a mouse in the hand Delete means the whole drawing.
    if ((key === "Delete" || key === "Backspace") && this.shown.value && !shiftKey) {
      this.#endStroke();
      this.sketch.paintCells(this.#block(), false);
      this.sketch.finish();
      return true;
    }
    return false;
  }

  release(key: string): void {
    if (key === this.#heldBy) this.#endStroke();
  }

  /** Puts the brush away, as when the focus goes elsewhere. */
  leave(): void {
    this.#endStroke();
    this.shown.value = false;
  }

  #hold(key: " " | "Shift"): void {
    this.#heldBy = key;
    this.sketch.paintCells(this.#block(), true);
  }

  #move(rows: number, columns: number): void {
    // One cell at a time, so that a stroke along a whole row has no gaps.
    for (let step = Math.max(Math.abs(rows), Math.abs(columns)); step > 0; step--) {
      batch(() => {
        this.row.value = onGrid(this.row.value + Math.sign(rows));
        this.column.value = onGrid(this.column.value + Math.sign(columns));
      });
      if (this.#heldBy !== undefined) this.sketch.paintCells(this.#block(), true);
    }
  }

  #endStroke(): void {
    if (this.#heldBy === undefined) return;
    this.#heldBy = undefined;
    this.sketch.finish();
  }

  /** The square that the brush covers: the cursor's cell, and for a wide brush its neighbours. */
  get square(): { row: number; column: number; side: number } {
    const side = BRUSHES[this.sketch.brush.value].cells;
    const before = Math.floor((side - 1) / 2);
    return { row: this.row.value - before, column: this.column.value - before, side };
  }

  /** The cells of that square that lie on the paper. */
  #block(): number[] {
    const { row, column, side } = this.square;
    const places = Array.from({ length: side * side }, (_, i) => ({
      row: row + Math.floor(i / side),
      column: column + i % side,
    }));
    return places.filter((at) => at.row === onGrid(at.row) && at.column === onGrid(at.column))
      .map((at) => at.row * GRID_SIDE + at.column);
  }
}

function onGrid(place: number): number {
  return Math.min(GRID_SIDE - 1, Math.max(0, place));
}
