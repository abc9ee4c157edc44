import { DrawingCanvas } from "../../drawing/canvas/drawing_canvas.ts";
import { KEYBOARD_WORDS, Paper } from "../../drawing/canvas/paper.tsx";
import { Button } from "../../shared/components/button.tsx";
import { useAttached } from "../../shared/components/effects.ts";
import { formatCount, formatShare } from "../../shared/text/format.ts";
import type { Run } from "../run.ts";
import type { Probe } from "./probe.ts";

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** A small pad: draw a digit before or during a training, and see it being understood. */
export function ProbeView({ probe, run }: { probe: Probe; run: Run }) {
  const { sketch, cursor } = probe;
  const [element, canvas] = useAttached((element: HTMLCanvasElement) =>
    new DrawingCanvas(element, (drawing) => void probe.drawn(drawing), { sketch, cursor, onBlank: () => probe.clear() })
  );
  return (
    <section class="probe" aria-labelledby="probe-title">
      <h3 id="probe-title">Your digit while it learns</h3>
      <p class="note" id="probe-note">
        Draw a digit and watch the network come to understand it. {KEYBOARD_WORDS}
      </p>
      <div class="probe-parts">
        <div class="pad">
          <Paper
            id="probe-paper"
            element={element}
            canvas={canvas}
            sketch={sketch}
            cursor={cursor}
            aria-label="Your digit"
            aria-describedby="probe-note"
          />
          <Button idle={sketch.blank.value} onClick={() => sketch.clear()}>Clear your digit</Button>
        </div>
        <div>
          <Bars probe={probe} />
          <p class="note" role="status" aria-label="Your digit's answer">{words(probe, run)}</p>
        </div>
      </div>
    </section>
  );
}

function Bars({ probe }: { probe: Probe }) {
  const shares = probe.answer.value?.probabilities;
  const winner = shares && winnerOf(shares);
  return (
    <ul class="probabilities" aria-label="What the network takes your digit for" aria-live="off">
      {DIGITS.map((digit) => (
        <li key={digit} class={digit === winner ? "winner" : undefined}>
          <span>{digit}</span>
          <span class="bar">
            <span style={{ transform: `scaleX(${shares?.[digit] ?? 0})` }} />
          </span>
          <span>{shares ? formatShare(shares[digit]) : "–"}</span>
        </li>
      ))}
    </ul>
  );
}

/** Changes seldom, for it is read aloud: with the digit, not with every step. */
function words(probe: Probe, run: Run): string {
  if (probe.pixels.value === undefined) return "Nothing is drawn yet.";
  const answer = probe.answer.value;
  if (answer === undefined) {
    if (probe.isLost.value) return "The network's numbers are lost: it has no answer any more.";
    if (run.phase.value === "done") return "The trained network is asked …";
    return run.active.value
      ? "The answer comes with the next steps."
      : "Start a training: it will be asked as it learns.";
  }
  const said = winnerOf(answer.probabilities);
  if (answer.step === undefined) return `The trained network takes it for a ${said}.`;
  return run.active.value
    ? `So far, the network takes it for a ${said}.`
    : `When it stopped, after ${formatCount(answer.step)} steps, the network took it for a ${said}.`;
}

function winnerOf(shares: readonly number[]): number {
  return shares.indexOf(Math.max(...shares));
}
