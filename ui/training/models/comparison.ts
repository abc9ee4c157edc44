/** Compares stored models, and their learning curves over epochs, whatever their batch sizes. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import {
  describeSetting,
  differingSettings,
  type FieldName,
  type HistoryMessage,
  type ModelRecord,
} from "../../../protocol/mod.ts";
import { LossSeries, runningMean } from "../../shared/charts/loss_series.ts";
import type { LabConnection } from "../../shared/wire/connection.ts";
import { type Column, RESULT_COLUMNS, SETTING_COLUMNS } from "./columns.ts";

/** The most models to compare at once: more curves would be hard to distinguish. */
export const MOST_COMPARED = 6;

/**
 * How a model was trained, as far as the page knows. `none`: the lab has no history; `unknown`: the lab does not
 * answer.
 */
export type Learning =
  | { kind: "loading" }
  | { kind: "curves"; curves: Curves }
  | { kind: "none"; words: string }
  | { kind: "unknown" };

/** One of the models that are compared. */
export interface Compared {
  model: ModelRecord;
  /** `A`, `B`, … in the order of selection. */
  letter: string;
  /** A short name with the distinguishing settings: `SimpleNN (128, 64), rate 0.01`. */
  name: string;
  learning: Learning;
}

/**
 * A row of the comparison: the value of each model, and the positions of the best values if some are better than
 * others.
 */
export interface ComparedField {
  title: string;
  values: string[];
  best: readonly number[];
}

/** Shorter names for the longest labels. */
const SHORT_LABELS: Partial<Record<FieldName, string>> = { learning_rate: "rate", batch_size: "batch" };

/** The selected models side by side. Knows no DOM. */
export class Comparison {
  /** By the id of the run. Its history never changes once the run has a model. */
  readonly #learning = new Map<string, Signal<Learning>>();

  readonly isPossible = computed(() => this.chosen.value.length >= 2 && this.chosen.value.length <= MOST_COMPARED);
  readonly isOpen = computed(() => this.wished.value && this.isPossible.value);

  readonly models = computed((): readonly Compared[] => {
    if (!this.isOpen.value) return [];
    const models = this.chosen.value;
    return models.map((model, i) => ({
      model,
      letter: String.fromCharCode("A".charCodeAt(0) + i),
      name: nameAmong(model, models),
      learning: this.#learningOf(model).value,
    }));
  });

  /** The settings in which the models differ, then their results. */
  readonly fields = computed(() => this.isOpen.value ? compareFields(this.chosen.value) : []);

  readonly #connection: LabConnection;

  /** `chosen`: the selected models; `wished`: whether to compare them. */
  constructor(
    connection: LabConnection,
    readonly chosen: ReadonlySignal<readonly ModelRecord[]>,
    readonly wished: ReadonlySignal<boolean>,
  ) {
    this.#connection = connection;
    effect(() => {
      if (this.isOpen.value) { for (const model of this.chosen.value) void this.#load(model); }
    });
  }

  /** Asks again for the histories that are unknown. */
  retry(): void {
    for (const model of this.chosen.value) void this.#load(model);
  }

  #learningOf(model: ModelRecord): Signal<Learning> {
    const key = keyOf(model);
    let learning = this.#learning.get(key);
    if (learning === undefined) this.#learning.set(key, learning = signal<Learning>({ kind: "unknown" }));
    return learning;
  }

  async #load(model: ModelRecord): Promise<void> {
    const learning = this.#learningOf(model);
    if (learning.peek().kind !== "unknown") return;
    if (typeof model.run_id !== "string") {
      learning.value = { kind: "none", words: whyNone(model) };
      return;
    }
    learning.value = { kind: "loading" };
    const reply = await this.#connection.request(`/api/runs/${encodeURIComponent(model.run_id)}`).catch(() =>
      undefined
    );
    if (reply?.status === 200 && isHistory(reply.body)) {
      learning.value = { kind: "curves", curves: curvesOf(reply.body) };
    } else if (reply?.status === 404) {
      learning.value = { kind: "none", words: whyNone(model) };
    } else {
      learning.value = { kind: "unknown" };
    }
  }
}

function keyOf(model: ModelRecord): string {
  return typeof model.run_id === "string" ? model.run_id : `model ${model.id}`;
}

function whyNone(model: ModelRecord): string {
  return model.imported === true
    ? "It was imported as a file, which does not say how it was trained."
    : "No history of its training is kept.";
}

/** The settings in which `models` differ, then their accuracies and times, which are always listed. */
export function compareFields(models: readonly ModelRecord[]): ComparedField[] {
  return [
    ...tellingColumns(models).map(({ title, text }) => ({ title, values: models.map(text), best: [] })),
    ...RESULT_COLUMNS.map(({ key, title, text, order }) => ({
      title,
      values: models.map(text),
      best: bestOf(models.map((model) => Number(order(model))), key),
    })),
  ];
}

function tellingColumns(models: readonly ModelRecord[]): Column[] {
  const [first, ...others] = models;
  const differing = new Set(others.flatMap((model) => differingSettings(first, model)));
  return SETTING_COLUMNS.filter(({ setting }) => differing.has(setting!));
}

/** Positions of the highest accuracy or the shortest time; empty if all are equal. */
function bestOf(values: readonly number[], key: string): number[] {
  // A model that was not trained here has no time.
  const known = values.filter((value) => value >= 0);
  const best = key === "accuracy" ? Math.max(...known) : Math.min(...known);
  const positions = values.flatMap((value, i) => value === best ? [i] : []);
  return positions.length < values.length ? positions : [];
}

/** The settings that distinguish `model` from the other `models`, or its id if none do. */
function nameAmong(model: ModelRecord, models: readonly ModelRecord[]): string {
  const columns = tellingColumns(models), { hidden_layers_config: widths } = model;
  const settings = columns.map(({ setting }) => setting!);
  // Models are named by their type and layers everywhere: `SimpleNN (128, 64)`.
  const layers = settings.includes("hidden_layers_config") ? ` (${widths.join(", ") || "no hidden layers"})` : "";
  const others = settings.filter((name) => name !== "model_type" && name !== "hidden_layers_config");
  const name = [
    `${model.model_type}${layers}`,
    ...others.map((setting) => describeSetting(model, setting, SHORT_LABELS[setting])),
  ].join(", ");
  const isAlone = models.every((other) => other === model || columns.some(({ text }) => text(other) !== text(model)));
  return isAlone ? name : `${name} (${model.id})`;
}

/** The most points of a loss curve; a screen cannot show more. */
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
function isHistory(body: unknown): body is HistoryMessage {
  return typeof body === "object" && body !== null && "run" in body && "losses" in body && "logs" in body;
}
