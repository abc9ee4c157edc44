import { useEffect } from "preact/hooks";
import { DrawingCanvas } from "./canvas/drawing_canvas.ts";
import { KEYBOARD_WORDS, Paper } from "./canvas/paper.tsx";
import { Button } from "../shared/components/controls.tsx";
import { useAttached } from "../shared/components/rendering.ts";
import type { InferenceModel } from "./model.ts";
import { BrushField } from "./pad/brush_field.tsx";
import { KeyHelp } from "./pad/key_help.tsx";
import { listenForShortcuts } from "./pad/shortcuts.ts";
import { PlaceSwitch } from "./place_switch.tsx";
import { SamplesView } from "./samples/samples_view.tsx";

/** Of the canvas, for who has nowhere else to go. */
export const PAPER_ID = "paper";

/** The page to draw on, and what to do with the drawing. */
export function DrawingView({ model }: { model: InferenceModel }) {
  const { sketch, cursor } = model;
  const [element, canvas] = useAttached((canvas: HTMLCanvasElement) =>
    new DrawingCanvas(canvas, (drawing, liftedAt) => void model.strokeEnded(drawing, liftedAt), {
      sketch,
      cursor,
      onBlank: () => model.clear(),
    })
  );
  const clear = () => {
    sketch.clear();
    model.clear();
  };
  const predict = (at: number) => void (canvas.current && model.predict(canvas.current, at));
  useEffect(() =>
    listenForShortcuts((shortcut, at) => {
      if (shortcut === "predict") predict(at);
      else if (shortcut === "clear") clear();
      else sketch[shortcut]();
    }), []);
  return (
    <section class="card drawing" aria-label="Drawing">
      <div class="tools">
        <BrushField sketch={sketch} />
        <Step name="Undo" keys="Ctrl+Z" arrow="M4 7h7a4.5 4.5 0 0 1 0 9H7M7.5 3.5 4 7l3.5 3.5" sketch={sketch} />
        <Step
          name="Redo"
          keys="Ctrl+Shift+Z"
          arrow="M16 7H9a4.5 4.5 0 0 0 0 9h4M12.5 3.5 16 7l-3.5 3.5"
          sketch={sketch}
        />
      </div>
      <Paper
        id={PAPER_ID}
        element={element}
        canvas={canvas}
        sketch={sketch}
        cursor={cursor}
        aria-label="Drawing canvas"
        aria-describedby="drawing-note"
      />
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={!model.choice.canPredict.value}
          onClick={(event) => predict(event.timeStamp)}
        >
          Predict
        </button>
        <button type="button" onClick={clear}>Clear</button>
      </div>
      <p id="drawing-note" class="note">
        Draw one digit, 0 to 9, with mouse, pen or finger. {KEYBOARD_WORDS}
      </p>
      <SamplesView model={model} onTaken={() => model.place === "server" && predict(performance.now())} />
      <PlaceSwitch model={model} />
      <KeyHelp />
    </section>
  );
}

function Step(
  { name, keys, arrow, sketch }: {
    name: "Undo" | "Redo";
    keys: string;
    arrow: string;
    sketch: InferenceModel["sketch"];
  },
) {
  const can = name === "Undo" ? sketch.canUndo.value : sketch.canRedo.value;
  return (
    <Button
      class="step"
      aria-label={name}
      title={`${name} (${keys})`}
      idle={!can}
      onClick={() => name === "Undo" ? sketch.undo() : sketch.redo()}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d={arrow} />
      </svg>
    </Button>
  );
}
