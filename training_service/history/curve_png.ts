/** The curve of a run as a picture: losses faint, their running mean strong, the accuracy after each epoch. */
import { encode } from "fast-png";
import type { HistoryMessage } from "../../protocol/mod.ts";
import { type Colour, Picture, type Point } from "./chart/picture.ts";
import { formatTick, linearScale, roundStep } from "./chart/scale.ts";

const WIDTH = 1000, HEIGHT = 520;
const LEFT = 80, RIGHT = WIDTH - 90, TOP = 76, BOTTOM = HEIGHT - 64;

const PAPER: Colour = [255, 255, 255], INK: Colour = [40, 44, 52], NOTE: Colour = [110, 116, 128];
const GRID: Colour = [228, 231, 236];
const LOSS: Colour = [37, 99, 235], ACCURACY: Colour = [194, 65, 12];

/** The running mean looks back over about one part in this many of the run so far. */
const LOOK_BACK = 20;

/** A PNG of 1000 × 520 pixels. */
export function drawCurve(history: HistoryMessage): Uint8Array<ArrayBuffer> {
  const { run, losses, logs } = history;
  const picture = new Picture(WIDTH, HEIGHT, PAPER);
  const { model_type, hidden_layers_config, optimizer, learning_rate, batch_size } = run.config;
  const title = `${model_type} [${
    hidden_layers_config.join(", ")
  }], ${optimizer} ${learning_rate}, batch ${batch_size}`;
  picture.text(title.length > 76 ? `${title.slice(0, 73)}...` : title, [LEFT, 24], { colour: INK });

  const raw = losses.flatMap(([step, loss]): Point[] => loss === null ? [] : [[step, loss]]);
  const means = runningMeans(raw);
  const lastStep = Math.max(1, run.total_steps);
  const x = linearScale([0, lastStep], [LEFT, RIGHT], 8);
  const y = linearScale([0, highestLoss(raw, means)], [BOTTOM, TOP], 6);
  for (const tick of y.ticks) {
    picture.fill([LEFT, Math.round(y.place(tick))], [RIGHT, Math.round(y.place(tick)) + 1], GRID);
    picture.text(formatTick(tick, y.ticks), [LEFT - 10, y.place(tick)], { colour: LOSS, align: "right" });
  }
  for (const tick of x.ticks) {
    const at = Math.round(x.place(tick));
    picture.fill([at, BOTTOM], [at + 1, BOTTOM + 6], INK);
    picture.text(formatTick(tick, x.ticks), [at, BOTTOM + 20], { colour: INK, align: "middle" });
  }
  picture.text("step", [(LEFT + RIGHT) / 2, HEIGHT - 16], { colour: NOTE, align: "middle" });

  drawPath(picture, raw, x.place, y.place, { width: 1, opacity: 0.3, colour: LOSS });
  drawPath(picture, means, x.place, y.place, { width: 2.5, opacity: 1, colour: LOSS });
  drawLegend(picture, LEFT, LOSS, "loss");

  const stepsPerEpoch = run.total_steps / run.config.num_epochs;
  const accuracies = logs.flatMap(({ epoch, accuracy }): Point[] =>
    epoch === undefined || accuracy === undefined ? [] : [[epoch * stepsPerEpoch, accuracy]]
  );
  if (accuracies.length > 0) drawAccuracies(picture, accuracies, x.place);

  picture.fill([LEFT, TOP], [LEFT + 1, BOTTOM], INK);
  picture.fill([LEFT, BOTTOM], [RIGHT, BOTTOM + 1], INK);
  const png = encode({ width: WIDTH, height: HEIGHT, data: picture.rgb, channels: 3, depth: 8 });
  return new Uint8Array(png);
}

/** With an axis of their own on the right: it begins below the worst and ends at 100 %. */
function drawAccuracies(picture: Picture, accuracies: readonly Point[], x: (step: number) => number): void {
  const worst = Math.min(...accuracies.map(([, accuracy]) => accuracy));
  const step = roundStep((100 - worst + 0.5) / 4);
  const lowest = Math.max(0, Math.floor(worst / step) * step);
  const y = linearScale([lowest, Math.max(100, lowest + step)], [BOTTOM, TOP], 5);
  picture.fill([RIGHT, TOP], [RIGHT + 1, BOTTOM + 1], INK);
  for (const tick of y.ticks) {
    picture.fill([RIGHT, Math.round(y.place(tick))], [RIGHT + 6, Math.round(y.place(tick)) + 1], INK);
    picture.text(`${formatTick(tick, y.ticks)}%`, [RIGHT + 12, y.place(tick)], { colour: ACCURACY });
  }
  drawPath(picture, accuracies, x, y.place, { width: 1.5, opacity: 1, colour: ACCURACY });
  for (const [at, accuracy] of accuracies) picture.disc([x(at), y.place(accuracy)], 3.5, ACCURACY);
  drawLegend(picture, LEFT + 120, ACCURACY, `test accuracy, last ${accuracies.at(-1)![1].toFixed(2)}%`);
}

function drawLegend(picture: Picture, left: number, colour: Colour, text: string): void {
  picture.line([left, 52], [left + 24, 52], colour, 3);
  picture.text(text, [left + 36, 52], { colour });
}

function drawPath(
  picture: Picture,
  points: readonly Point[],
  x: (value: number) => number,
  y: (value: number) => number,
  { colour, width, opacity }: { colour: Colour; width: number; opacity: number },
): void {
  points.slice(1).forEach((point, i) => {
    const from: Point = [x(points[i][0]), y(points[i][1])], to: Point = [x(point[0]), y(point[1])];
    picture.line(from, to, colour, width, opacity);
  });
  if (points.length === 1) picture.disc([x(points[0][0]), y(points[0][1])], width, colour);
}

function runningMeans(points: readonly Point[]): Point[] {
  let mean = 0;
  return points.map(([step, loss], i) => {
    mean += (loss - mean) * LOOK_BACK / (LOOK_BACK + i);
    return [step, mean];
  });
}

/** All of the running mean has room, and nearly all of the losses: a single peak does not flatten the rest. */
function highestLoss(raw: readonly Point[], means: readonly Point[]): number {
  const sorted = raw.map(([, loss]) => loss).sort((a, b) => a - b);
  const usual = sorted[Math.floor(sorted.length * 0.99)] ?? 1;
  const highest = means.reduce((max, [, mean]) => Math.max(max, mean), usual);
  return highest > 0 && Number.isFinite(highest) ? 1.05 * highest : 1;
}
