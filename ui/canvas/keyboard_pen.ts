import { clampToPaper, PAPER_SIDE, type Point } from "./strokes.ts";

/** How far one press of an arrow key moves the pen, in units of the paper. */
const STRIDE = 10;

const MOVES: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -STRIDE, y: 0 },
  ArrowRight: { x: STRIDE, y: 0 },
  ArrowUp: { x: 0, y: -STRIDE },
  ArrowDown: { x: 0, y: STRIDE },
};

export interface PenActions {
  begin(at: Point): void;
  extend(to: Point): void;
  end(): void;
}

/** Draws by keyboard: arrow keys move the pen, space puts it down or lifts it. */
export class KeyboardPen {
  at: Point = { x: PAPER_SIDE / 2, y: PAPER_SIDE / 4 };
  down = false;

  constructor(private readonly actions: PenActions) {}

  /** Whether `key` meant something to the pen. */
  press(key: string): boolean {
    const move = MOVES[key];
    if (move !== undefined) {
      this.at = clampToPaper({ x: this.at.x + move.x, y: this.at.y + move.y });
      if (this.down) this.actions.extend(this.at);
      return true;
    }
    if (key !== " ") return false;
    if (this.down) {
      this.lift();
    } else {
      this.down = true;
      this.actions.begin(this.at);
    }
    return true;
  }

  /** Ends the stroke, if one is being drawn. */
  lift(): void {
    if (!this.down) return;
    this.down = false;
    this.actions.end();
  }
}
