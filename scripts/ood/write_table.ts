/** From trained weights to the few characters that are committed. */
import { ALPHABET, DOUBT_CELLS, type OodTable } from "../../core/mnist/ood/ood_network.ts";
import { IMAGE_PIXELS, type NamedTensor } from "../../core/models/spec.ts";

const MEAN = 0.1307, DEVIATION = 0.3081;
const STEPS = 31;

/** The network without the lab's normalisation, its weights rounded to six bits. */
export function tableOf([w1, b1, w2, b2]: readonly NamedTensor[]): Omit<OodTable, "threshold" | "falseAlarmPercent"> {
  const units = b1.data.length, weights: string[] = [], scales: number[] = [], biases: number[] = [];
  for (let unit = 0; unit < units; unit++) {
    const row = w1.data.subarray(unit * IMAGE_PIXELS, (unit + 1) * IMAGE_PIXELS);
    const used = row.subarray(0, DOUBT_CELLS).map((weight) => weight / DEVIATION);
    const scale = rounded(Math.max(...used.map(Math.abs)) / STEPS);
    scales.push(scale);
    weights.push(Array.from(used, (weight) => ALPHABET[32 + Math.round(weight / scale)]).join(""));
    biases.push(rounded(row.reduce((bias, weight) => bias - weight * MEAN / DEVIATION, b1.data[unit])));
  }
  const outputs = Array.from({ length: units }, (_, unit) => rounded(w2.data[units + unit] - w2.data[unit]));
  return { weights, scales, biases, outputs, outputBias: rounded(b2.data[1] - b2.data[0]) };
}

export function sourceOf(table: OodTable): string {
  return [
    "/** Made by scripts/ood/train.ts, not by hand. */",
    `import type { OodTable } from ${JSON.stringify("./ood_network.ts")};`,
    "",
    `export const OOD_TABLE: OodTable = ${JSON.stringify(table, null, 2)};`,
    "",
  ].join("\n");
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
