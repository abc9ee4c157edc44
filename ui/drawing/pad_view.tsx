import { useEffect } from "preact/hooks";
import { DrawingCanvas } from "../shared/canvas/drawing_canvas.ts";
import { BRUSH_NAMES } from "../shared/canvas/marks.ts";
import { KEYBOARD_WORDS, Paper } from "../shared/canvas/paper.tsx";
import type { Sketch } from "../shared/canvas/sketch.ts";
import { Button } from "../shared/components/controls.tsx";
import { useAttached } from "../shared/components/rendering.tsx";
import type { DrawingPage, Where } from "./drawing_page.ts";
import { listenForShortcuts, ShortcutHelp } from "./shortcuts.tsx";
import { OFFERED, type OfferedDigit, pictureOf } from "./test_digits.ts";

/** The id of the canvas, for moving the focus there. */
export const PAPER_ID = "paper";

/** The card with the paper, its tools, and the buttons that predict and clear. */
export function PadView({ page }: { page: DrawingPage }) {
  const { sketch, cursor } = page;
  const [element, canvas] = useAttached((canvas: HTMLCanvasElement) =>
    new DrawingCanvas(canvas, (drawing, liftedAt) => void page.strokeEnded(drawing, liftedAt), {
      sketch,
      cursor,
      onBlank: () => page.clear(),
      keptAs: "drawing",
    })
  );
  const clear = () => {
    sketch.clear();
    page.clear();
  };
  const predict = async (at: number) => {
    if (canvas.current) await page.predict(canvas.current, at);
    // Without a matching model, Predict leads to the page's offer instead.
    if (page.outcome.value.kind === "not trained") {
      requestAnimationFrame(() => document.querySelector<HTMLElement>(".miss :is(button, a:only-child)")?.focus());
    }
  };
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
        <HistoryButton
          name="Undo"
          keys="Ctrl+Z"
          arrow="M4 7h7a4.5 4.5 0 0 1 0 9H7M7.5 3.5 4 7l3.5 3.5"
          enabled={sketch.canUndo.value}
          onClick={() => sketch.undo()}
        />
        <HistoryButton
          name="Redo"
          keys="Ctrl+Shift+Z"
          arrow="M16 7H9a4.5 4.5 0 0 0 0 9h4M12.5 3.5 16 7l-3.5 3.5"
          enabled={sketch.canRedo.value}
          onClick={() => sketch.redo()}
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
          disabled={!page.choice.canPredict.value}
          onClick={(event) => predict(event.timeStamp)}
        >
          Predict
        </button>
        <button type="button" onClick={clear}>Clear</button>
      </div>
      <p id="drawing-note" class="note">
        Draw one digit, 0 to 9, with mouse, pen or finger. {KEYBOARD_WORDS}
      </p>
      <TestDigitsView page={page} onPicked={() => page.where === "server" && predict(performance.now())} />
      <WhereField page={page} />
      <ShortcutHelp />
    </section>
  );
}

/** Chooses how wide the pen draws. */
function BrushField({ sketch }: { sketch: Sketch }) {
  return (
    <fieldset class="brushes" role="radiogroup" aria-label="Brush size">
      <div class="segments">
        {BRUSH_NAMES.map((name) => (
          <label key={name} title={`${name} brush`}>
            <input
              type="radio"
              name="brush"
              aria-label={name}
              checked={sketch.brush.value === name}
              onChange={() => sketch.brush.value = name}
            />
            <span class={`brush ${name.toLowerCase()}`} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function HistoryButton(
  { name, keys, arrow, enabled, onClick }: {
    name: "Undo" | "Redo";
    keys: string;
    /** SVG path of the icon. */
    arrow: string;
    enabled: boolean;
    onClick: () => void;
  },
) {
  return (
    <Button class="step" aria-label={name} title={`${name} (${keys})`} idle={!enabled} onClick={onClick}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d={arrow} />
      </svg>
    </Button>
  );
}

const CHOICES: readonly { where: Where; text: string }[] = [
  { where: "browser", text: "In this browser" },
  { where: "server", text: "On the server" },
];

/** Chooses where drawings are recognised. */
function WhereField({ page }: { page: DrawingPage }) {
  return (
    <fieldset class="where" role="radiogroup" aria-labelledby="where-title">
      <legend id="where-title">Where to predict</legend>
      <div class="segments">
        {CHOICES.map(({ where, text }) => (
          <label key={where}>
            <input type="radio" name="where" checked={page.where === where} onChange={() => page.where = where} />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Test digits to put on the paper with one press, and the true label of the one on it. */
function TestDigitsView({ page, onPicked }: { page: DrawingPage; onPicked: () => void }) {
  const { testDigits, sketch } = page;
  useEffect(() => void testDigits.offer(), []);
  const pick = async (offered: OfferedDigit) => {
    const before = sketch.marks.peek();
    const digit = await testDigits.pick(offered);
    // Keep what was drawn meanwhile: it is newer.
    if (digit === undefined || sketch.marks.peek() !== before) return;
    sketch.put([digit]);
    onPicked();
  };
  const offered = testDigits.offered.value;
  const complaint = testDigits.complaint.value;
  return (
    <section class="test-digits" aria-labelledby="test-digits-title">
      <div class="title">
        <h2 id="test-digits-title">Or take a test digit</h2>
        <button type="button" class="small" onClick={() => void testDigits.offer()}>Show {OFFERED} others</button>
      </div>
      {offered && (
        <ul>
          {offered.map((digit) => (
            <li key={digit.index}>
              <button
                type="button"
                aria-label={`Test digit ${digit.index}, a ${digit.label}`}
                aria-pressed={sketch.testDigit.value?.index === digit.index}
                onClick={() => void pick(digit)}
              >
                <img src={pictureOf(digit.index)} width="28" height="28" alt="" draggable={false} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class={complaint ? "note error" : "note"} role="status" aria-label="Test digit">
        {complaint ?? <Truth page={page} />}
      </p>
    </section>
  );
}

/** The digit that the writer meant, and whether the model agrees. */
function Truth({ page: { sketch, outcome: { value: outcome } } }: { page: DrawingPage }) {
  const digit = sketch.testDigit.value;
  if (digit === undefined) return <>From the test set: new to every model.</>;
  return (
    <>
      This was written as a <strong>{digit.label}</strong>. {outcome.kind === "recognised" &&
        (outcome.answer.prediction === digit.label ? "The model agrees." : "The model is wrong.")}
    </>
  );
}
