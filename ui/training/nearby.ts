import {
  describeSetting,
  differingSettings,
  isBetter,
  type ModelConfig,
  type ModelRecord,
} from "../../protocol/mod.ts";

/** A stored model that resembles a configuration, and how it differs. */
export interface Nearby {
  model: ModelRecord;
  /** Its differing settings, such as `5 epochs`; empty for an exact duplicate. */
  differs: string[];
}

/** Models that differ in more settings than this do not resemble each other. */
const MOST_DIFFERENCES = 2;

/**
 * The stored model that differs from `config` in the fewest settings. Among several it is the most accurate, then the
 * newest.
 */
export function findNearby(records: readonly ModelRecord[], config: ModelConfig): Nearby | undefined {
  let nearest: { model: ModelRecord; count: number } | undefined;
  for (const model of records) {
    const count = differingSettings(model, config).length;
    if (count > MOST_DIFFERENCES) continue;
    const isNearer = nearest === undefined || count < nearest.count ||
      count === nearest.count && isBetter(model, nearest.model);
    if (isNearer) nearest = { model, count };
  }
  if (nearest === undefined) return undefined;
  const { model } = nearest;
  const differs = differingSettings(model, config).map((name) => describeSetting(model, name));
  if (model.started_from !== undefined) differs.push("trained further");
  return { model, differs };
}
