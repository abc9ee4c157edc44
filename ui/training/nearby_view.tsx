import { pageUrl, queryOf } from "../shared/wire/page_urls.ts";
import { formatPercent, formatTime } from "../shared/text/format.ts";
import type { Nearby } from "./nearby.ts";

/** What is stored already that is like the settings, told before a training starts. */
export function NearbyNote({ nearby }: { nearby: Nearby | undefined }) {
  if (nearby === undefined) return null;
  const { model, differs } = nearby;
  const link = <a href={pageUrl("inference", queryOf(model))}>Test it</a>;
  return (
    <p class={differs.length === 0 ? "nearby same" : "nearby"}>
      {differs.length === 0
        ? (
          <>
            Trained already with exactly these settings: {formatPercent(model.accuracy)},{" "}
            {formatTime(model.timestamp)}. Starting asks before it overwrites that. {link}
          </>
        )
        : (
          <>
            Stored and close: a model with {differs.join(" and ")} instead, {formatPercent(model.accuracy)}. {link}
          </>
        )}
    </p>
  );
}
