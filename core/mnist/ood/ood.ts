/**
 * Detects drawings that are no digit. A model has no class "none of these": it names a digit for a scribble, too, and is often
 * sure of it. So a second, tiny network, the same for every model, looks at the picture alone. It was trained on digits of
 * MNIST's training set and on drawings that are no digits (`scripts/ood/`); its figures are in `docs/out_of_distribution.md`.
 */
import { type OodNetwork, readTable, scoreOf } from "./ood_network.ts";
import { OOD_TABLE } from "./ood_table.ts";

/** Per cent of MNIST's test digits that are wrongly reported as out of distribution. */
export const FALSE_ALARM_PERCENT = OOD_TABLE.falseAlarmPercent;

let network: OodNetwork | undefined;

/** Whether 784 bytes, ink 255 on paper 0, look like none of the ten digits. Takes a few µs. */
export function isOutOfDistribution(pixels: Uint8Array): boolean {
  network ??= readTable(OOD_TABLE);
  return scoreOf(network, pixels) > OOD_TABLE.threshold;
}
