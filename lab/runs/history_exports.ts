/** Exports the history of a run for other programs: its learning curve as SVG and its rows as CSV. */
import type { HistoryMessage } from "../../protocol/mod.ts";
import { thinned } from "./loss_history.ts";

const WIDTH = 1000, HEIGHT = 520;
const LEFT = 80, RIGHT = WIDTH - 80, TOP = 92, BOTTOM = HEIGHT - 64;

/** The most losses to draw: more than the picture has columns. */
const MAX_POINTS = 2000;
/** The running mean looks back over about 1/`LOOK_BACK` of the run so far. */
const LOOK_BACK = 20;

const STYLE = `
  text { font: 14px system-ui, sans-serif; fill: #5b6472; }
  .paper { fill: #ffffff; }
  .title { font-size: 18px; font-weight: 600; fill: #16191f; }
  .grid { stroke: #e4e7ec; }
  .axis { stroke: #8a93a1; }
  .losses { stroke: #b9c6ef; }
  .loss { stroke: #2550d8; }
  .accuracy { stroke: #c2410c; }
  text.loss { fill: #2550d8; stroke: none; }
  text.accuracy, circle.accuracy { fill: #c2410c; stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #a3acba; }
    .paper { fill: #0b0d10; }
    .title { fill: #f2f4f7; }
    .grid { stroke: #262b33; }
    .axis { stroke: #6b7482; }
    .losses { stroke: #3b4777; }
    .loss { stroke: #93abff; }
    .accuracy { stroke: #fb923c; }
    text.loss { fill: #93abff; }
    text.accuracy, circle.accuracy { fill: #fb923c; }
  }
`;

type Point = readonly [x: number, y: number];

/**
 * Draws the curve as `image/svg+xml` text, 1000 × 520 units, in light or dark colours as the viewer prefers.
 */
export function curveSvg({ run, losses, logs }: HistoryMessage): string {
  const raw = losses.flatMap(([step, loss]): Point[] => loss === null ? [] : [[step, loss]]);
  const means = runningMeans(raw);
  const x = linearScale([0, Math.max(1, run.total_steps)], [LEFT, RIGHT], 8);
  const y = linearScale([0, highestLoss(raw, means)], [BOTTOM, TOP], 6);
  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  const accuracies = logs.flatMap(({ epoch, accuracy }): Point[] =>
    epoch === undefined || accuracy === undefined ? [] : [[epoch * stepsPerEpoch, accuracy]]
  );
  const { model_type, hidden_layers_config, optimizer, learning_rate, batch_size } = run.config;
  const title = `${model_type} [${
    hidden_layers_config.join(", ")
  }], ${optimizer} ${learning_rate}, batch ${batch_size}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text([LEFT, 36], "title", title.length > 90 ? `${title.slice(0, 89)}…` : title),
    ...y.ticks.flatMap((tick) => [
      line("grid", [LEFT, y.at(tick)], [RIGHT, y.at(tick)]),
      text([LEFT - 10, y.at(tick) + 5], "loss", formatTick(tick, y.ticks), "end"),
    ]),
    ...x.ticks.flatMap((tick) => [
      line("axis", [x.at(tick), BOTTOM], [x.at(tick), BOTTOM + 6]),
      text([x.at(tick), BOTTOM + 24], "", formatTick(tick, x.ticks), "middle"),
    ]),
    text([(LEFT + RIGHT) / 2, HEIGHT - 12], "", "step", "middle"),
    path("losses", 1, raw, x, y),
    path("loss", 2.5, means, x, y),
    ...legend(LEFT, "losses", "loss"),
    ...legend(LEFT + 100, "loss", "running mean"),
    ...accuracyLines(accuracies, x),
    line("axis", [LEFT, TOP], [LEFT, BOTTOM]),
    line("axis", [LEFT, BOTTOM], [RIGHT, BOTTOM]),
    "</svg>",
    "",
  ].filter((element, i, { length }) => element !== "" || i === length - 1).join("\n");
}

/** They have their own axis on the right, from below the worst accuracy to 100 %. */
function accuracyLines(accuracies: readonly Point[], x: Scale): string[] {
  const latest = accuracies.at(-1);
  if (latest === undefined) return [];
  const worst = Math.min(...accuracies.map(([, accuracy]) => accuracy));
  const step = roundStep((100 - worst + 0.5) / 4);
  const lowest = Math.max(0, Math.floor(worst / step) * step);
  const y = linearScale([lowest, Math.max(100, lowest + step)], [BOTTOM, TOP], 5);
  return [
    line("axis", [RIGHT, TOP], [RIGHT, BOTTOM]),
    ...y.ticks.map((tick) => text([RIGHT + 10, y.at(tick) + 5], "accuracy", `${formatTick(tick, y.ticks)} %`)),
    path("accuracy", 2, accuracies, x, y),
    ...accuracies.map((point) => dot("accuracy", point, x, y)),
    ...legend(LEFT + 260, "accuracy", `test accuracy, last ${latest[1].toFixed(2)} %`),
  ];
}

function legend(left: number, kind: string, words: string): string[] {
  return [
    `<path class="${kind}" fill="none" stroke-width="3" d="M${left} 64h24"/>`,
    text([left + 32, 69], kind === "losses" ? "" : kind, words),
  ];
}

function line(kind: string, from: Point, to: Point): string {
  const [[x1, y1], [x2, y2]] = [from, to].map((point) => point.map(coordinate));
  return `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

/** The points as one line; a single point as a dot; nothing if there are none. */
function path(kind: string, width: number, points: readonly Point[], x: Scale, y: Scale): string {
  if (points.length === 0) return "";
  if (points.length === 1) return dot(kind === "losses" ? "loss" : kind, points[0], x, y);
  const places = thinned(points as [number, number][], MAX_POINTS).map(([step, value]) =>
    `${coordinate(x.at(step))} ${coordinate(y.at(value ?? 0))}`
  );
  return `<path class="${kind}" fill="none" stroke-width="${width}" stroke-linejoin="round" d="M${places.join("L")}"/>`;
}

function dot(kind: string, [step, value]: Point, x: Scale, y: Scale): string {
  return `<circle class="${kind}" cx="${coordinate(x.at(step))}" cy="${coordinate(y.at(value))}" r="3.5"/>`;
}

function text([x, y]: Point, kind: string, words: string, anchor = "start"): string {
  const attributes = `x="${coordinate(x)}" y="${coordinate(y)}" text-anchor="${anchor}"`;
  return `<text ${kind === "" ? "" : `class="${kind}" `}${attributes}>${escaped(words)}</text>`;
}

function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function runningMeans(points: readonly Point[]): Point[] {
  let mean = 0;
  return points.map(([step, loss], i) => {
    mean += (loss - mean) * LOOK_BACK / (LOOK_BACK + i);
    return [step, mean];
  });
}

/** The scale fits the whole running mean and nearly all losses, so that a single peak does not flatten the rest. */
function highestLoss(raw: readonly Point[], means: readonly Point[]): number {
  const sorted = raw.map(([, loss]) => loss).sort((a, b) => a - b);
  const usual = sorted[Math.floor(sorted.length * 0.99)] ?? 1;
  const highest = means.reduce((max, [, mean]) => Math.max(max, mean), usual);
  return highest > 0 && Number.isFinite(highest) ? 1.05 * highest : 1;
}

/** Maps values to positions on an axis; also has the round numbers along it. */
interface Scale {
  at(value: number): number;
  ticks: number[];
}

/** An axis from `from` to `to` with about `count` ticks. Values outside `min` to `max` are drawn at its ends. */
export function linearScale([min, max]: Point, [from, to]: Point, count: number): Scale {
  const step = roundStep((max - min) / count);
  const ticks: number[] = [];
  // Plus 0 to avoid a negative zero.
  for (let i = Math.ceil(min / step - 1e-9) + 0; i * step <= max + 1e-9 * step; i++) ticks.push(i * step);
  return {
    at: (value) => from + (Math.max(min, Math.min(max, value)) - min) / (max - min) * (to - from),
    ticks,
  };
}

/** The smallest number of the form 1, 2 or 5 times a power of ten that is not below `step`. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step * (1 - 1e-9)) ?? 10);
}

/** Formats a tick with enough decimals to distinguish the ticks. */
export function formatTick(value: number, ticks: readonly number[]): string {
  if (Math.abs(value) >= 1e9) return value.toExponential(0);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const CSV_HEADER = "step,epoch,loss,mean_loss,test_accuracy,seconds";

/**
 * The history of a run as CSV: a row for each kept loss and for the end of each epoch, with its mean loss, the accuracy
 * in per cent and the seconds trained so far. Unknown values and NaN are left empty.
 */
export function historyCsv({ run, losses, logs }: HistoryMessage): string {
  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  const rows = new Map<number, { loss?: number | null; end?: (typeof logs)[number] }>();
  for (const [step, loss] of losses) rows.set(step, { loss });
  for (const end of logs) {
    if (end.epoch === undefined) continue;
    const step = Math.round(end.epoch * stepsPerEpoch);
    rows.set(step, { ...rows.get(step), end });
  }
  const lines = [...rows].sort(([a], [b]) => a - b).map(([step, { loss, end }]) => {
    const epoch = Math.max(1, Math.ceil(step / stepsPerEpoch));
    return [step, epoch, loss, end?.mean_loss, end?.accuracy, end?.seconds].map((value) => value ?? "").join(",");
  });
  return [CSV_HEADER, ...lines, ""].join("\r\n");
}
