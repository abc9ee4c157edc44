/** Describes a run in words. */
import { lastMean } from "../../shared/charts/loss_series.ts";
import { formatPercent, plural } from "../../shared/text/format.ts";
import type { Run } from "./run.ts";

/**
 * The state of a run in one or two sentences. They change with phases and epochs but not with every step, because a
 * screen reader reads each change aloud.
 */
export function describeRun(run: Run): string {
  if (!run.connected.value) {
    return "Connection lost. If the lab is still running, so is the training. Reconnecting …";
  }
  switch (run.phase.value) {
    case "idle":
      return "Ready. Choose the settings, then start the training.";
    case "starting":
      return "Starting …";
    case "asking":
      return "You already have a model with exactly these settings. Overwrite it or keep it?";
    case "queued":
      return describeQueued(run);
    case "running":
      return describeRunning(run);
    case "stopping":
      return "Stopping …";
    case "done":
      return `Done. The model recognises ${formatPercent(run.accuracy.value ?? 0)} of the test digits, ` +
        "none of which it saw while learning.";
    case "kept":
      return "The existing model was kept. Nothing was trained. For another one, change a setting and start again.";
    case "aborted":
      return `${run.reason.value ?? "Training aborted."} No model was stored.` +
        (run.resumable.value === undefined ? "" : " You can continue where it stopped.");
    case "failed":
      return run.reason.value ?? "The training failed.";
  }
}

function describeQueued({ position, after }: Run): string {
  const place = `position ${position.value ?? 1} in the queue`;
  return after.value === undefined
    ? `Waiting for another training run to end: ${place}.`
    : `Waiting: ${place}, after ${after.value}.`;
}

function describeRunning(run: Run): string {
  if (run.step.value > 0 && run.step.value === run.totalSteps.value) return "Checking the model on the test digits …";
  const epochs = run.config.value?.num_epochs;
  const training = run.config.value?.start_from == null ? "Training" : "Training further";
  return run.epoch.value === 0 || epochs === undefined
    ? `${training} …`
    : `${training}: epoch ${run.epoch.value} of ${epochs}.`;
}

/** How far the mean of the latest losses looks back, as a share of the run, whatever the chart's smoothing. */
const SHARE = 0.05;

/**
 * Describes both curves in a sentence or two, for users who cannot see them or want numbers. Empty before the first
 * loss.
 */
export function describeCurves(run: Run): string {
  return [describeLoss(run), describeAccuracy(run)].filter(Boolean).join(" ");
}

function describeLoss({ losses, step }: Run): string {
  const { first, diverged } = losses;
  const steps = plural(step.value, "step");
  if (diverged) return `After ${steps} the loss is no longer a number (NaN): the training diverged.`;
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

/** Two decimal places, or two significant digits of a small loss: `0.31`, `0.0042`. */
function formatLoss(loss: number): string {
  return loss >= 0.1 ? loss.toFixed(2) : String(Number(loss.toPrecision(2)));
}
