/**
 * Whether a prepared drawing is a digit at all. A model has no class for «none of these»: it names a digit for a scribble,
 * too, and is often sure of it. So a second, tiny network, the same for every model, looks at the picture alone. It has seen
 * digits of MNIST's training set and drawings that are none (`scripts/ood/`); `docs/out_of_distribution.md` has its figures.
 */
import { type OodNetwork, readTable, scoreOf } from "./ood_network.ts";
import { OOD_TABLE } from "./ood_table.ts";

/** Digits of MNIST's test set, in per cent, that are doubted all the same, as they are stored. */
export const FALSE_ALARM_PERCENT = OOD_TABLE.falseAlarmPercent;

let network: OodNetwork | undefined;

/** Whether 784 bytes, ink 255 on paper 0, look like none of the ten digits. Takes a few µs. */
export function isOutOfDistribution(pixels: Uint8Array): boolean {
  network ??= readTable(OOD_TABLE);
  return scoreOf(network, pixels) > OOD_TABLE.threshold;
}
