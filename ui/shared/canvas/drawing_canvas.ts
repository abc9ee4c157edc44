import { effect, untracked } from "@preact/signals";
import type { Raster } from "../../../core/mnist/drawing/raster.ts";
import { onColoursChange } from "../theme/theme.ts";
import { GridCursor, paintGridCursor } from "./grid_cursor.ts";
import { clampToPaper, PAPER_SIDE, type PenPoint } from "./marks.ts";
import { paintMarks, PaperPicture } from "./paint_marks.ts";
import { keepDrawing, Sketch } from "./sketch.ts";

/** Optional parts of a `DrawingCanvas`, which creates those that are left out. */
export interface DrawingCanvasParts {
  sketch?: Sketch;
  cursor?: GridCursor;
  /** Called after a step that leaves the paper blank. */
  onBlank?: () => void;
  /** The name under which the tab remembers the drawing. */
  keptAs?: string;
}

/**
 * Draws on `canvas` by mouse, pen, finger and keyboard. The picture on screen follows the display's resolution and the
 * page's colours; the picture that is classified is always black on white, 280×280.
 *
 * @param onStroke called after every step that leaves ink (a stroke, undo, redo, a test digit), with the time of that
 * step on the clock of `Event.timeStamp`
 */
export class DrawingCanvas {
  readonly sketch: Sketch;
  readonly cursor: GridCursor;
  readonly #canvas: HTMLCanvasElement;
  readonly #onStroke: (drawing: DrawingCanvas, liftedAt: number) => void;
  readonly #onBlank: (() => void) | undefined;
  readonly #pointers = new PointerGuard();
  readonly #picture = new PaperPicture();
  readonly #context: CanvasRenderingContext2D;
  readonly #listening = new AbortController();
  readonly #observers: { disconnect(): void }[] = [];
  readonly #effects: (() => void)[] = [];
  #frame = 0;
  /** Time of the event that is being handled. */
  #now: number | undefined;

  constructor(
    canvas: HTMLCanvasElement,
    onStroke: (drawing: DrawingCanvas, liftedAt: number) => void,
    parts: DrawingCanvasParts = {},
  ) {
    this.#canvas = canvas;
    this.#onStroke = onStroke;
    this.#onBlank = parts.onBlank;
    this.sketch = parts.sketch ?? new Sketch();
    this.cursor = parts.cursor ?? new GridCursor(this.sketch);
    this.#context = canvas.getContext("2d")!;
    this.#listenToPointers();
    this.#listenToKeys();
    this.#followDisplay();
    this.#followSketch();
    if (parts.keptAs !== undefined) this.#effects.push(keepDrawing(this.sketch, parts.keptAs));
  }

  /** Whether the paper is blank. */
  get blank(): boolean {
    return this.sketch.blank.value;
  }

  /** The drawing as a PNG data URL, 280×280. */
  toDataUrl(): string {
    return this.#picture.toDataUrl(this.sketch.marks.value);
  }

  /** The same picture as pixels. */
  toRaster(): Raster {
    return this.#picture.toRaster(this.sketch.marks.value);
  }

  /** Share of ink in a cell of the keyboard's grid, from 0 to 1. */
  inkOf(row: number, column: number): number {
    return this.#picture.inkOf(this.sketch.marks.value, row, column);
  }

  /** Stops listening and painting. */
  close(): void {
    this.#listening.abort();
    for (const observer of this.#observers) observer.disconnect();
    for (const end of this.#effects) end();
    cancelAnimationFrame(this.#frame);
  }

  #listenToPointers(): void {
    const { signal } = this.#listening;
    this.#canvas.addEventListener("pointerdown", (event) => this.#pointerDown(event), { signal });
    this.#canvas.addEventListener("pointermove", (event) => this.#pointerMove(event), { signal });
    for (const type of ["pointerup", "pointercancel"] as const) {
      this.#canvas.addEventListener(type, (event) => this.#pointerUp(event), { signal });
    }
    // A finger that pauses during a stroke would open a menu or, on iOS, a magnifying glass.
    this.#canvas.addEventListener("contextmenu", (event) => this.#pointers.busy && event.preventDefault(), { signal });
    this.#canvas.addEventListener("touchstart", (event) => event.preventDefault(), { signal, passive: false });
  }

  #listenToKeys(): void {
    const { signal } = this.#listening;
    this.#canvas.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.#canvas.addEventListener("keyup", ({ key, timeStamp }) => {
      this.#at(timeStamp, () => this.cursor.release(key));
    }, { signal });
    this.#canvas.addEventListener("focus", () => {
      if (this.#canvas.matches(":focus-visible")) this.cursor.shown.value = true;
    }, { signal });
    this.#canvas.addEventListener("blur", () => this.cursor.leave(), { signal });
  }

  #followDisplay(): void {
    const { signal } = this.#listening;
    const sizes = new ResizeObserver(() => this.#fitDisplay());
    sizes.observe(this.#canvas);
    this.#observers.push(sizes);
    onColoursChange(() => this.#repaint(), signal);
    // Zooming, or moving to another screen, changes the resolution but not the size.
    addEventListener("resize", () => this.#fitDisplay(), { signal });
  }

  #followSketch(): void {
    const { sketch, cursor } = this;
    let known = sketch.steps.peek();
    this.#effects.push(
      effect(() => {
        const { marks } = sketch;
        void [marks.value, cursor.shown.value, cursor.square];
        this.#repaint();
      }),
      effect(() => {
        const steps = sketch.steps.value;
        if (steps === known) return;
        known = steps;
        untracked(() => {
          if (sketch.blank.value) this.#onBlank?.();
          else this.#onStroke(this, this.#now ?? performance.now());
        });
      }),
    );
  }

  /** Runs `action` and dates the step that it makes to `time`. */
  #at<T>(time: number, action: () => T): T {
    this.#now = time;
    const result = action();
    this.#now = undefined;
    return result;
  }

  #pointerDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    const verdict = this.#pointers.down(event);
    if (verdict === "ignore") return;
    if (verdict === "take over") this.sketch.drop();
    this.#canvas.setPointerCapture(event.pointerId);
    this.cursor.leave();
    this.sketch.beginStroke(this.#locate(event));
  }

  #pointerMove(event: PointerEvent): void {
    if (!this.#pointers.moved(event)) return;
    const seen = event.getCoalescedEvents?.() ?? [];
    this.sketch.extendStroke((seen.length > 0 ? seen : [event]).map((each) => this.#locate(each)));
  }

  #pointerUp(event: PointerEvent): void {
    if (!this.#pointers.up(event)) return;
    this.#at(event.timeStamp, () => this.sketch.finish());
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#pointers.busy) return;
    if (this.#at(event.timeStamp, () => this.cursor.press(event))) event.preventDefault();
  }

  #locate(event: PointerEvent): PenPoint {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return {
      ...clampToPaper({
        x: (event.clientX - left) / width * PAPER_SIDE,
        y: (event.clientY - top) / height * PAPER_SIDE,
      }),
      force: forceOf(event),
    };
  }

  #fitDisplay(): void {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.#canvas.width) return;
    this.#canvas.width = this.#canvas.height = side;
    this.#paint();
  }

  #repaint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const { width, height } = this.#canvas;
    const colours = getComputedStyle(this.#canvas);
    const named = (name: string) => colours.getPropertyValue(name);
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, width, height);
    this.#context.scale(width / PAPER_SIDE, height / PAPER_SIDE);
    paintMarks(this.#context, this.sketch.marks.peek(), colours.color);
    if (!this.cursor.shown.peek()) return;
    paintGridCursor(this.#context, this.cursor, {
      lines: named("--line"),
      cursor: named("--accent"),
      halo: named("--paper"),
    });
  }
}

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
