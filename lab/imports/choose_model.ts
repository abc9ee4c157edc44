/** Chooses among the possible models of a file: the right one is the one that recognises digits. */
import { ModelFileError } from "../../core/formats/errors.ts";
import type { FoundModel } from "../../core/formats/model_file.ts";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { IMAGE_PIXELS } from "../../core/models/spec.ts";
import { scoreEach } from "../../core/training/evaluation.ts";

/**
 * In each round, candidates are tried on `digits` digits, and those within `points` of the best go on, at most `most`.
 */
const ROUNDS = [
  { digits: 50, points: 25, most: 72 },
  { digits: 300, points: 5, most: 8 },
  { digits: Infinity, points: 0, most: 1 },
];
/** All 720 orders of six equal layers take seconds with 256 units each, a minute with 1024. */
const MAX_MS = 120_000;

/**
 * The candidate with the best accuracy on the test digits; among equals, the first. All are tried on a few digits,
 * which layers in the wrong order do not recognise, and the best of them on more.
 *
 * @throws {ModelFileError} if trying all on a few digits takes more than two minutes
 */
export async function chooseModel(candidates: readonly FoundModel[], digits: DigitSet): Promise<FoundModel> {
  const deadline = performance.now() + MAX_MS;
  let left = candidates;
  for (const round of ROUNDS) {
    if (left.length === 1) break;
    const accuracies = await scoreAll(left, sampleOf(digits, round.digits), deadline);
    if (accuracies.size < candidates.length && left === candidates) throw tooSlow(candidates);
    const best = Math.max(...accuracies.values());
    left = [...accuracies.keys()].filter((candidate) => accuracies.get(candidate)! >= best - round.points)
      .sort((a, b) => accuracies.get(b)! - accuracies.get(a)!).slice(0, round.most);
  }
  return left[0];
}

/**
 * The accuracies of `candidates`: at least that of the first, and those of as many others as can be scored before the
 * deadline.
 */
async function scoreAll(
  candidates: readonly FoundModel[],
  digits: DigitSet,
  deadline: number,
): Promise<Map<FoundModel, number>> {
  const accuracies = new Map<FoundModel, number>();
  const alike = Map.groupBy(
    candidates,
    (model) => JSON.stringify([model.modelType, model.hiddenLayers, model.convolutions]),
  );
  for (const models of alike.values()) {
    let at = 0;
    for await (const accuracy of scoreEach(models[0], models.map(({ tensors }) => tensors), digits)) {
      accuracies.set(models[at++], accuracy);
      if (performance.now() > deadline) return accuracies;
    }
  }
  return accuracies;
}

function tooSlow([{ assumedOrder }, ...others]: readonly FoundModel[]): ModelFileError {
  return new ModelFileError(
    `the file leaves open which of ${others.length + 1} models it holds, and trying all of them takes too long. ` +
      (assumedOrder.length > 0
        ? "Number the names of its layers in their order (fc1, fc2, …), or save it with torch.save(model.state_dict(), path)"
        : "Save one model with torch.save(model.state_dict(), path)"),
  );
}

/** Digits spread over the whole set, because it may be sorted by class. */
function sampleOf({ count, images, labels }: DigitSet, most: number): DigitSet {
  const size = Math.min(most, count);
  const rows = Array.from({ length: size }, (_, i) => Math.floor(i * count / size));
  const sample = { count: size, images: new Uint8Array(size * IMAGE_PIXELS), labels: new Uint8Array(size) };
  for (const [i, row] of rows.entries()) {
    sample.images.set(images.subarray(row * IMAGE_PIXELS, (row + 1) * IMAGE_PIXELS), i * IMAGE_PIXELS);
    sample.labels[i] = labels[row];
  }
  return sample;
}
