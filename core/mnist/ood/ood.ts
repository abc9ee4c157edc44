/**
 * Detects drawings that are not digits. A model has no class "none of these": it names a digit even for a scribble,
 * often with high confidence. So a second, tiny network, the same for every model, judges the picture alone. It was
 * trained on MNIST's training digits and on drawings that are not digits (`scripts/ood/`).
 * `docs/out_of_distribution.md` states how well it works.
 */
import { type OodNetwork, readTable, scoreOf } from "./ood_network.ts";
import { OOD_TABLE } from "./ood_table.ts";

/** Per cent of MNIST's test digits that are wrongly reported as out of distribution. */
export const FALSE_ALARM_PERCENT = OOD_TABLE.falseAlarmPercent;

let network: OodNetwork | undefined;

/** Whether 784 bytes, ink 255 on paper 0, look unlike all ten digits. Takes a few µs. */
export function isOutOfDistribution(pixels: Uint8Array): boolean {
  network ??= readTable(OOD_TABLE);
  return scoreOf(network, pixels) > OOD_TABLE.threshold;
}
