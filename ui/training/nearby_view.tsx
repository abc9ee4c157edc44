import { pageUrl, queryOf } from "../shared/wire/page_urls.ts";
import { formatPercent, formatTime } from "../shared/text/format.ts";
import type { Nearby } from "./nearby.ts";

/** Points out a stored model that resembles the settings, before a training starts. */
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
