import { DrawingCanvas } from "../canvas/drawing_canvas.ts";
import { useAttached } from "../components/effects.ts";
import type { InferenceModel } from "./model.ts";
import { PlaceSwitch } from "./place_switch.tsx";

/** The page to draw on, and what to do with the drawing. */
export function DrawingView({ model }: { model: InferenceModel }) {
  const [element, canvas] = useAttached((canvas: HTMLCanvasElement) =>
    new DrawingCanvas(canvas, (drawing, liftedAt) => void model.strokeEnded(drawing, liftedAt))
  );
  const clear = () => {
    canvas.current?.clear();
    model.clear();
  };
  return (
    <section class="card drawing" aria-label="Drawing">
      <canvas
        ref={element}
        class="paper"
        role="img"
        aria-label="Drawing canvas"
        aria-describedby="drawing-note"
        tabIndex={0}
      />
      <p id="drawing-note" class="note">
        Draw one digit, 0 to 9, with mouse, pen or finger. By keyboard: arrow keys move the pen, space puts it down and
        lifts it.
      </p>
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={!model.canPredict.value}
          onClick={(event) => canvas.current && model.predict(canvas.current, event.timeStamp)}
        >
          Predict
        </button>
        <button type="button" onClick={clear}>Clear</button>
      </div>
      <PlaceSwitch model={model} />
    </section>
  );
}
