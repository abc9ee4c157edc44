import type { Run } from "./run.ts";
import { formatPercent } from "../shared/text/format.ts";

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
