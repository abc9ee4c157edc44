import { DrawingCanvas } from "../../shared/canvas/drawing_canvas.ts";
import { KEYBOARD_WORDS, Paper } from "../../shared/canvas/paper.tsx";
import { Button } from "../../shared/components/controls.tsx";
import { useAttached } from "../../shared/components/rendering.tsx";
import { formatCount, formatShare } from "../../shared/text/format.ts";
import type { Run } from "../run/run.ts";
import type { LivePad } from "./live_pad.ts";

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** A small pad for a digit, with the network's answer while it trains. */
export function LivePadView({ livePad, run }: { livePad: LivePad; run: Run }) {
  const { sketch, cursor } = livePad;
  const [element, canvas] = useAttached((element: HTMLCanvasElement) =>
    new DrawingCanvas(element, (drawing) => void livePad.setDrawing(drawing), {
      sketch,
      cursor,
      onBlank: () => livePad.clear(),
      keptAs: "live-pad-drawing",
    })
  );
  return (
    <section class="live-pad" aria-label="Your digit">
      <h3>Your digit while it learns</h3>
      <p class="note" id="live-pad-note">
        Draw a digit and watch the network learn to recognise it. <span class="by-keyboard">{KEYBOARD_WORDS}</span>
      </p>
      <div class="live-pad-parts">
        <div class="pad">
          <Paper
            id="live-pad-paper"
            element={element}
            canvas={canvas}
            sketch={sketch}
            cursor={cursor}
            aria-label="Your digit"
            aria-describedby="live-pad-note"
          />
          <Button idle={sketch.blank.value} onClick={() => sketch.clear()}>Clear your digit</Button>
        </div>
        <div>
          <Bars livePad={livePad} />
          <p class="note" role="status" aria-label="Your digit's answer">{describeAnswer(livePad, run)}</p>
        </div>
      </div>
    </section>
  );
}

/** A bar for the probability of each digit. */
function Bars({ livePad }: { livePad: LivePad }) {
  const probabilities = livePad.answer.value?.probabilities;
  const winner = probabilities && mostProbable(probabilities);
  return (
    <ul class="probabilities" aria-label="What the network thinks your digit is" aria-live="off">
      {DIGITS.map((digit) => (
        <li key={digit} class={digit === winner ? "winner" : undefined}>
          <span>{digit}</span>
          <span class="bar">
            <span style={{ transform: `scaleX(${probabilities?.[digit] ?? 0})` }} />
          </span>
          <span>{probabilities ? formatShare(probabilities[digit]) : "–"}</span>
        </li>
      ))}
    </ul>
  );
}

/** Changes with the digit, not with every step: a screen reader reads it aloud. */
function describeAnswer(livePad: LivePad, run: Run): string {
  if (livePad.pixels.value === undefined) return "Nothing is drawn yet.";
  const answer = livePad.answer.value;
  if (answer === undefined) {
    if (livePad.hasDiverged.value) return "The training diverged: the network has no answer any more.";
    if (run.phase.value === "done") return "Asking the trained network …";
    return run.active.value
      ? "Its first guess comes in a moment."
      : "Start a training run: the network will guess your digit as it learns.";
  }
  const digit = mostProbable(answer.probabilities);
  if (answer.step === undefined) return `The trained network thinks it's a ${digit}.`;
  return run.active.value
    ? `So far, the network thinks it's a ${digit}.`
    : `When it stopped, after ${formatCount(answer.step)} steps, the network thought it was a ${digit}.`;
}

function mostProbable(probabilities: readonly number[]): number {
  return probabilities.indexOf(Math.max(...probabilities));
}
