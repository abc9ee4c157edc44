/** How a model learnt, as curves over epochs, so that models of different batch sizes lie over each other. */
import type { HistoryMessage } from "../../../protocol/mod.ts";
import { LossSeries, runningMean } from "../../shared/charts/loss_series.ts";

/** Points of a loss curve at most; a screen shows no more. */
const POINTS = 600;
/** Share of the losses so far over which each point of a curve looks back. */
const SMOOTHING = 0.1;

/** Numbers over epochs, which rise; null is a gap. */
export interface Curve {
  epochs: readonly number[];
  values: readonly (number | null)[];
}

export interface Curves {
  /** Running mean of the losses. */
  loss: Curve;
  /** Per cent of the test digits, at the end of each epoch. */
  accuracy: Curve;
}

export function curvesOf({ run, losses, logs }: HistoryMessage): Curves {
  const series = new LossSeries(POINTS);
  for (const [step, loss] of losses) series.push(step, loss);
  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  // A run that went on after a stop may tell an epoch twice; what it told last counts.
  const accuracy = new Map<number, number>();
  for (const log of logs) {
    if (log.epoch !== undefined && log.accuracy !== undefined) accuracy.set(log.epoch, log.accuracy);
  }
  const ends = [...accuracy].sort(([a], [b]) => a - b);
  return {
    loss: { epochs: series.steps.map((step) => step / stepsPerEpoch), values: runningMean(series.losses, SMOOTHING) },
    accuracy: { epochs: ends.map(([epoch]) => epoch), values: ends.map(([, percent]) => percent) },
  };
}

/** The curve's height at `epoch`, on the straight line between its neighbours; null beyond its ends and in gaps. */
export function heightAt({ epochs, values }: Curve, epoch: number): number | null {
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

/** `curves` at common places: their first line is the epochs, the others the heights of one curve each. */
export function onCommonEpochs(curves: readonly Curve[]): [number[], ...(number | null)[][]] {
  const epochs = [...new Set(curves.flatMap((curve) => curve.epochs))].sort((a, b) => a - b);
  return [epochs, ...curves.map((curve) => epochs.map((epoch) => heightAt(curve, epoch)))];
}

export function isHistory(body: unknown): body is HistoryMessage {
  return typeof body === "object" && body !== null && "run" in body && "losses" in body && "logs" in body;
}
