/** What distinguishes pointers; the browser's `PointerEvent` is one. */
export interface PointerSighting {
  readonly pointerId: number;
  /** `mouse`, `pen` or `touch`. */
  readonly pointerType: string;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  readonly timeStamp: number;
}

/** A touch counts as the hand that holds the pen for this long after the pen was last seen, in ms. */
const HAND_REST_MS = 700;

/** Lets one pointer draw at a time: ignores a second finger, and a hand that rests on the glass beside a pen. */
export class PointerGuard {
  #drawing: PointerSighting | undefined;
  #penSeenAt = -Infinity;

  /** What a pointer that comes down may do. `take over`: a pen replaces a touch, which must have been the hand. */
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

  /** Whether a pointer that moves, also a hovering pen, is the one that draws. */
  moved(pointer: PointerSighting): boolean {
    if (pointer.pointerType === "pen") this.#penSeenAt = pointer.timeStamp;
    return pointer.pointerId === this.#drawing?.pointerId;
  }

  /** Whether the pointer that was lifted is the one that drew. */
  up(pointer: PointerSighting): boolean {
    if (!this.moved(pointer)) return false;
    this.#drawing = undefined;
    return true;
  }

  /** Whether a pointer is drawing. */
  get busy(): boolean {
    return this.#drawing !== undefined;
  }
}

/** Factor of the brush's width: the pressure of a pen, 0 to 1, gives 0.7 to 1.3; everything else gives 1. */
export function forceOf({ pointerType, pressure }: { pointerType: string; pressure: number }): number {
  // A pen without a pressure sensor reports 0.5; one that is just being lifted reports 0.
  return pointerType === "pen" && pressure > 0 ? 0.7 + 0.6 * pressure : 1;
}
