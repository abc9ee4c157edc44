/** Side of the drawing's own square, in units; the picture that is sent has this many pixels. */
export const PAPER_SIDE = 280;
/** A digit's stroke is about a tenth of the page's side in MNIST. */
export const PEN_WIDTH = 20;

export interface Point {
  /** From the left and from the top, in units of the paper. */
  x: number;
  y: number;
}

export type Stroke = Point[];

export function clampToPaper({ x, y }: Point): Point {
  return { x: Math.min(PAPER_SIDE, Math.max(0, x)), y: Math.min(PAPER_SIDE, Math.max(0, y)) };
}

/** Paints strokes in the context's current scale, rounded through the middles between the points that the pen was seen at. */
export function paintStrokes(context: CanvasRenderingContext2D, strokes: readonly Stroke[], ink: string): void {
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = PEN_WIDTH;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    if (stroke.length === 1) {
      context.arc(stroke[0].x, stroke[0].y, PEN_WIDTH / 2, 0, 2 * Math.PI);
      context.fill();
    } else {
      trace(context, stroke);
      context.stroke();
    }
  }
}

function trace(path: CanvasRenderingContext2D, stroke: Stroke): void {
  path.moveTo(stroke[0].x, stroke[0].y);
  for (let i = 1; i < stroke.length - 1; i++) {
    const at = stroke[i];
    const next = stroke[i + 1];
    path.quadraticCurveTo(at.x, at.y, (at.x + next.x) / 2, (at.y + next.y) / 2);
  }
  const last = stroke[stroke.length - 1];
  path.lineTo(last.x, last.y);
}
