import type { Run } from "./run.ts";
import { formatCount, formatPercent } from "../../shared/text/format.ts";
import { lastMean } from "../../shared/charts/loss_series.ts";

/**
 * What is going on, in one or two sentences. Changes with phases and epochs only, not with every step: a screen reader
 * says each change aloud.
 */
export function describeRun(run: Run): string {
  if (!run.connected.value) {
    return "Connection lost. If the lab is still running, the training goes on; looking for it again …";
  }
  switch (run.phase.value) {
    case "idle":
      return "Ready. Choose the settings, then start the training.";
    case "starting":
      return "Starting …";
    case "asking":
      return "A model with exactly these settings is stored already. Overwrite it, or keep it?";
    case "queued":
      return `Waiting for another training to end: place ${run.place.value ?? 1} in the queue.`;
    case "running":
      return describeRunning(run);
    case "stopping":
      return "Stopping …";
    case "done":
      return `Done. The model recognises ${formatPercent(run.accuracy.value ?? 0)} of the test digits, ` +
        "none of which it saw while learning.";
    case "kept":
      return "The existing model was kept. Nothing was trained.";
    case "aborted":
      return `${run.reason.value ?? "Training aborted."} No model was stored.` +
        (run.resumable.value === undefined ? "" : " It can go on where it stopped.");
    case "failed":
      return run.reason.value ?? "The training failed.";
  }
}

function describeRunning(run: Run): string {
  if (run.step.value > 0 && run.step.value === run.totalSteps.value) return "Checking the model on the test digits …";
  const epochs = run.config.value?.num_epochs;
  return run.epoch.value === 0 || epochs === undefined
    ? "Training …"
    : `Training: epoch ${run.epoch.value} of ${epochs}.`;
}

/** The look back of the loss that is told, whatever the curve shows: a twentieth of the run. */
const SHARE = 0.05;

/** Both curves in a sentence or two, for who does not see them or wants the numbers. Empty before the first loss. */
export function describeCurves(run: Run): string {
  return [describeLoss(run), describeAccuracy(run)].filter(Boolean).join(" ");
}

function describeLoss({ losses, step }: Run): string {
  const { first, diverged } = losses;
  const steps = `${formatCount(step.value)} ${step.value === 1 ? "step" : "steps"}`;
  if (diverged) return `After ${steps} the loss is no longer a number.`;
  const last = lastMean(losses.losses, SHARE);
  if (first === undefined || last === undefined) return "";
  if (losses.steps.length < 2) return `The first loss is ${first.toFixed(2)}.`;
  const moved = last < first * 0.98 ? "fell" : last > first * 1.02 ? "rose" : "went";
  return `In ${steps} the loss ${moved} from ${first.toFixed(2)} to ${formatLoss(last)}.`;
}

function describeAccuracy(run: Run): string {
  const points = run.epochs.value;
  const last = points.at(-1);
  if (last === undefined) return "";
  if (points.length === 1) return `Test accuracy is ${formatPercent(last.accuracy)} after epoch ${last.epoch}.`;
  const [first] = points;
  const best = points.reduce((best, point) => point.accuracy > best.accuracy ? point : best);
  const bestWords = best === last
    ? "the best so far"
    : `best ${formatPercent(best.accuracy)} after epoch ${best.epoch}`;
  return `Test accuracy went from ${formatPercent(first.accuracy)} after epoch ${first.epoch} to ` +
    `${formatPercent(last.accuracy)} after epoch ${last.epoch} (${bestWords}).`;
}

/** Two digits that say something: `0.31`, `0.0042`. */
function formatLoss(loss: number): string {
  return loss >= 0.1 ? loss.toFixed(2) : String(Number(loss.toPrecision(2)));
}
