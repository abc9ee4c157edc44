import type { Raster } from "../../core/mnist/raster.ts";
import { KeyboardPen } from "./keyboard_pen.ts";
import { clampToPaper, paintStrokes, PAPER_SIDE, PEN_WIDTH, type Point, type Stroke } from "./strokes.ts";

/**
 * Draws on `canvas` by mouse, pen, finger and keyboard. What is shown follows the display's resolution and the page's
 * colours; what is sent is always black on white, 280×280.
 * `onStroke` hears of each stroke as the pen lifts, with the time of that on the clock of `Event.timeStamp`.
 */
export class DrawingCanvas {
  #strokes: Stroke[] = [];
  /** The pointer that draws; others are ignored until it lifts. */
  #pointer: number | undefined;
  #frame = 0;
  /** The keyboard's pen is shown only while it is in use. */
  #penShown = false;
  readonly #pen = new KeyboardPen({
    begin: (at) => this.#strokes.push([at]),
    extend: (to) => this.#strokes.at(-1)?.push(to),
    end: () => this.onStroke(this, performance.now()),
  });
  readonly #context: CanvasRenderingContext2D;
  readonly #picture = makePicture();
  readonly #listening = new AbortController();
  readonly #sizes = new ResizeObserver(() => this.#fitDisplay());

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onStroke: (drawing: DrawingCanvas, liftedAt: number) => void,
  ) {
    this.#context = canvas.getContext("2d")!;
    const { signal } = this.#listening;
    canvas.addEventListener("pointerdown", (event) => this.#pointerDown(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.#pointerMove(event), { signal });
    for (const type of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(type, (event) => this.#pointerUp(event), { signal });
    }
    canvas.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    canvas.addEventListener("blur", () => this.#hidePen(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint(), { signal });
    this.#sizes.observe(canvas);
  }

  get blank(): boolean {
    return this.#strokes.length === 0;
  }

  clear(): void {
    this.#strokes = [];
    this.#pointer = undefined;
    this.#pen.down = false;
    this.#repaint();
  }

  toDataUrl(): string {
    return this.#paintPicture().canvas.toDataURL("image/png");
  }

  toRaster(): Raster {
    const { width, height, data } = this.#paintPicture().getImageData(0, 0, PAPER_SIDE, PAPER_SIDE);
    return { width, height, channels: 4, data };
  }

  dispose(): void {
    this.#listening.abort();
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #pointerDown(event: PointerEvent): void {
    if (this.#pointer !== undefined || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#hidePen();
    this.#strokes.push([this.#locate(event)]);
    this.#repaint();
  }

  #pointerMove(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    const seen = event.getCoalescedEvents?.() ?? [];
    const stroke = this.#strokes[this.#strokes.length - 1];
    for (const each of seen.length > 0 ? seen : [event]) stroke.push(this.#locate(each));
    this.#repaint();
  }

  #pointerUp(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.onStroke(this, event.timeStamp);
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#pointer !== undefined) return;
    if (!this.#pen.press(event.key)) return;
    event.preventDefault();
    this.#penShown = true;
    this.#repaint();
  }

  #hidePen(): void {
    this.#pen.lift();
    this.#penShown = false;
    this.#repaint();
  }

  #locate(event: PointerEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return clampToPaper({
      x: (event.clientX - left) / width * PAPER_SIDE,
      y: (event.clientY - top) / height * PAPER_SIDE,
    });
  }

  #paintPicture(): CanvasRenderingContext2D {
    this.#picture.fillStyle = "#fff";
    this.#picture.fillRect(0, 0, PAPER_SIDE, PAPER_SIDE);
    paintStrokes(this.#picture, this.#strokes, "#000");
    return this.#picture;
  }

  #fitDisplay(): void {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.canvas.width) return;
    this.canvas.width = this.canvas.height = side;
    this.#paint();
  }

  #repaint(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const { width, height } = this.canvas;
    const colours = getComputedStyle(this.canvas);
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, width, height);
    this.#context.scale(width / PAPER_SIDE, height / PAPER_SIDE);
    paintStrokes(this.#context, this.#strokes, colours.color);
    if (this.#penShown) this.#paintPen(colours.getPropertyValue("--accent"));
  }

  #paintPen(colour: string): void {
    this.#context.beginPath();
    this.#context.arc(this.#pen.at.x, this.#pen.at.y, PEN_WIDTH / 2, 0, 2 * Math.PI);
    this.#context.lineWidth = 2;
    this.#context.strokeStyle = this.#context.fillStyle = colour;
    this.#context.stroke();
    if (this.#pen.down) this.#context.fill();
  }
}

/** A canvas that stays in the processor's memory, where reading it back takes no trip to the GPU. */
function makePicture(): CanvasRenderingContext2D {
  const picture = document.createElement("canvas");
  picture.width = picture.height = PAPER_SIDE;
  return picture.getContext("2d", { willReadFrequently: true })!;
}
