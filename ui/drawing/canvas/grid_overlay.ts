import type { GridCursor } from "./grid_cursor.ts";
import { CELL_SIDE, GRID_SIDE, PAPER_SIDE } from "./marks.ts";

/** Shows the keyboard's grid, faintly, and the square that its brush covers. */
export function paintGridOverlay(
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
  // Two frames, so that the cursor is seen on ink as well as on paper.
  context.lineJoin = "miter";
  context.lineWidth = 5;
  context.strokeStyle = colours.halo;
  context.strokeRect(x, y, side, side);
  context.lineWidth = 2.5;
  context.strokeStyle = colours.cursor;
  context.strokeRect(x, y, side, side);
}
