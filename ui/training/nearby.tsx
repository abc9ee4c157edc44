import {
  counts,
  describeSetting,
  differingSettings,
  isBetter,
  type ModelConfig,
  type ModelRecord,
} from "../../protocol/mod.ts";
import { queryOf } from "../shared/form/model_form.ts";
import { pageUrl } from "../shared/wire/page_urls.ts";
import { formatPercent, formatTime } from "../shared/text/format.ts";

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
  const differs = differingSettings(model, config).filter((name) => counts(model, name))
    .map((name) => describeSetting(model, name));
  if (model.started_from !== undefined) differs.push("trained further");
  return { model, differs };
}

/** Points out a stored model that resembles the settings, before a training run starts. */
export function NearbyNote({ nearby }: { nearby: Nearby | undefined }) {
  if (nearby === undefined) return null;
  const { model, differs } = nearby;
  const link = <a href={pageUrl("inference", queryOf(model))}>Test it</a>;
  return (
    <p class={differs.length === 0 ? "nearby same" : "nearby"}>
      {differs.length === 0
        ? (
          <>
            You already have this model: {formatPercent(model.accuracy)},{" "}
            {formatTime(model.timestamp)}. We'll ask before replacing it. {link}
          </>
        )
        : (
          <>
            Similar model: {differs.join(" and ")} instead, {formatPercent(model.accuracy)}. {link}
          </>
        )}
    </p>
  );
}
