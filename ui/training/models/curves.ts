/** Learning curves over epochs, so that models of different batch sizes can be compared. */
import type { HistoryMessage } from "../../../protocol/mod.ts";
import { LossSeries, runningMean } from "../../shared/charts/loss_series.ts";

/** Most points of a loss curve; a screen cannot show more. */
const POINTS = 600;
/** How far the running mean of a loss curve looks back, as a share of the losses so far. */
const SMOOTHING = 0.1;

/** Values at increasing epochs; null is a gap. */
export interface Curve {
  epochs: readonly number[];
  values: readonly (number | null)[];
}

/** The learning curves of one model. */
export interface Curves {
  /** Running mean of the losses. */
  loss: Curve;
  /** Per cent of the test digits, after each epoch. */
  accuracy: Curve;
}

/** The learning curves of a run, from its history. */
export function curvesOf({ run, losses, logs }: HistoryMessage): Curves {
  const series = new LossSeries(POINTS);
  for (const [step, loss] of losses) series.push(step, loss);
  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  // A resumed run may report an epoch twice; the last report counts.
  const accuracies = new Map<number, number>();
  for (const log of logs) {
    if (log.epoch !== undefined && log.accuracy !== undefined) accuracies.set(log.epoch, log.accuracy);
  }
  const points = [...accuracies].sort(([a], [b]) => a - b);
  return {
    loss: { epochs: series.steps.map((step) => step / stepsPerEpoch), values: runningMean(series.losses, SMOOTHING) },
    accuracy: { epochs: points.map(([epoch]) => epoch), values: points.map(([, percent]) => percent) },
  };
}

/** The curve's value at `epoch`, interpolated linearly; null beyond its ends and in gaps. */
export function valueAt({ epochs, values }: Curve, epoch: number): number | null {
  if (epochs.length === 0 || epoch < epochs[0] || epoch > epochs[epochs.length - 1]) return null;
  let low = 0, high = epochs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (epochs[middle] <= epoch) low = middle;
    else high = middle;
  }
  if (epochs[high] <= epoch) return values[high];
  const from = values[low], to = values[high];
  if (epochs[low] === epoch || from === null || to === null) return epochs[low] === epoch ? from : null;
  return from + (to - from) * (epoch - epochs[low]) / (epochs[high] - epochs[low]);
}

/** The curves sampled at the same epochs: a list of all their epochs, then the values of each curve. */
export function onCommonEpochs(curves: readonly Curve[]): [number[], ...(number | null)[][]] {
  const epochs = [...new Set(curves.flatMap((curve) => curve.epochs))].sort((a, b) => a - b);
  return [epochs, ...curves.map((curve) => epochs.map((epoch) => valueAt(curve, epoch)))];
}

/** Whether `body` looks like the history of a run. */
export function isHistory(body: unknown): body is HistoryMessage {
  return typeof body === "object" && body !== null && "run" in body && "losses" in body && "logs" in body;
}
