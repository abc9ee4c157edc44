/** What tells pointers apart; the browser's `PointerEvent` is one. */
export interface PointerSighting {
  readonly pointerId: number;
  /** `mouse`, `pen` or `touch`. */
  readonly pointerType: string;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  readonly timeStamp: number;
}

/** For so long after a pen was last seen, in ms, a touch is the hand that holds it. */
const HAND_REST_MS = 700;

/** Lets one pointer draw at a time: no second finger, and no hand that rests on the glass beside a pen. */
export class PointerGuard {
  #drawing: PointerSighting | undefined;
  #penSeenAt = -Infinity;

  /** What a pointer that comes down may do; `take over` ends a touch that a pen shows to have been the hand. */
  down(pointer: PointerSighting): "draw" | "take over" | "ignore" {
    const isPen = pointer.pointerType === "pen";
    if (isPen) this.#penSeenAt = pointer.timeStamp;
    else if (pointer.pointerType === "touch" && pointer.timeStamp - this.#penSeenAt < HAND_REST_MS) return "ignore";
    const wasTouch = this.#drawing?.pointerType === "touch";
    if (this.#drawing !== undefined && !(isPen && wasTouch)) return "ignore";
    const verdict = this.#drawing === undefined ? "draw" : "take over";
    this.#drawing = pointer;
    return verdict;
  }

  /** Whether the pointer that moves, hovering pens included, is the one that draws. */
  moved(pointer: PointerSighting): boolean {
    if (pointer.pointerType === "pen") this.#penSeenAt = pointer.timeStamp;
    return pointer.pointerId === this.#drawing?.pointerId;
  }

  /** Whether it was the drawing pointer that went up. */
  up(pointer: PointerSighting): boolean {
    if (!this.moved(pointer)) return false;
    this.#drawing = undefined;
    return true;
  }

  get busy(): boolean {
    return this.#drawing !== undefined;
  }
}

/** Share of the brush's width: a pen's pressure, 0 to 1, makes a line between 0.7 and 1.3 times as wide. */
export function forceOf({ pointerType, pressure }: { pointerType: string; pressure: number }): number {
  // A pen without a pressure sensor says 0.5; one that is just lifting says 0.
  return pointerType === "pen" && pressure > 0 ? 0.7 + 0.6 * pressure : 1;
}
