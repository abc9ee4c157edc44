/** A pointer event, reduced to what distinguishes pointers; a subset of the browser's `PointerEvent`. */
export interface PointerSighting {
  readonly pointerId: number;
  /** `mouse`, `pen` or `touch`. */
  readonly pointerType: string;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  readonly timeStamp: number;
}

/** How long, in ms, after the pen was last seen a touch counts as the hand that holds it. */
const HAND_REST_MS = 700;

/** Lets one pointer draw at a time. Ignores a second finger and a hand that rests on the glass beside a pen. */
export class PointerGuard {
  #drawing: PointerSighting | undefined;
  #penSeenAt = -Infinity;

  /** What a pointer may do when it comes down. `take over`: a pen replaces a touch, which must have been the hand. */
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

  /** Whether a moving pointer is the one that draws. Hovering pens are reported here, too. */
  moved(pointer: PointerSighting): boolean {
    if (pointer.pointerType === "pen") this.#penSeenAt = pointer.timeStamp;
    return pointer.pointerId === this.#drawing?.pointerId;
  }

  /** Whether the lifted pointer is the one that drew. */
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
