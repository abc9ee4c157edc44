import type { ModelRecord } from "../../protocol/mod.ts";
import { Button } from "../shared/components/controls.tsx";
import { describeModel, formatPercent, formatShare, plural } from "../shared/text/format.ts";
import { type AllModels, MAX_ASKED, type Opinion, type Vote } from "./all_models.ts";
import { UNREACHABLE } from "./outcome.ts";

/** What every stored model says about the same drawing. */
export function AllModelsView({ all, useModel, inUse }: {
  all: AllModels;
  useModel: (record: ModelRecord) => void;
  /** The id of the model that answers on the page. */
  inUse: string | undefined;
}) {
  const opinions = all.opinions.value;
  return (
    <section class="all-models" aria-labelledby="all-models-title">
      <h3 id="all-models-title">What all your models say</h3>
      <div class="ask">
        <Button idle={!all.canAsk.value} onClick={() => void all.ask()}>Ask all models</Button>
        <p role="status" aria-label="All models">{statusOf(all)}</p>
      </div>
      {opinions.length > 0 && (
        <ol class="opinions">
          {opinions.map((opinion) => (
            <li key={opinion.record.id}>
              <OpinionButton
                opinion={opinion}
                majority={all.votes.value[0]?.digit}
                isInUse={opinion.record.id === inUse}
                useModel={useModel}
              />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function OpinionButton({ opinion: { record, says }, majority, isInUse, useModel }: {
  opinion: Opinion;
  majority: number | undefined;
  isInUse: boolean;
  useModel: (record: ModelRecord) => void;
}) {
  const isUsable = says !== "unusable";
  const isOther = isUsable && says.digit !== majority;
  return (
    <button
      type="button"
      class="opinion"
      disabled={!isUsable}
      aria-pressed={isUsable ? isInUse : undefined}
      onClick={() => useModel(record)}
    >
      <span class={isOther ? "says other" : "says"}>{isUsable ? says.digit : "–"}</span>
      <span class="who">
        <span>{describeModel(record)}</span>
        <span class="note">
          {isUsable
            ? `test accuracy ${formatPercent(record.accuracy)} – ${isInUse ? "in use" : "press to use this model"}`
            : "could not be opened here"}
        </span>
      </span>
      {isUsable && (
        <span class="confidence">
          <span>{formatShare(says.confidence)} sure</span>
          <span class="bar" aria-hidden="true">
            <span style={{ transform: `scaleX(${says.confidence})` }} />
          </span>
        </span>
      )}
    </button>
  );
}

function statusOf(all: AllModels): string {
  const done = all.opinions.value.length, asked = all.asked.value, stored = all.stored.value;
  switch (all.state.value) {
    case "idle":
      return all.canAsk.value ? "Each looks at the same drawing, in this browser." : "Draw a digit first.";
    case "unreachable":
      return UNREACHABLE;
    case "asking":
      return done === 0 ? "Asking …" : `${done} of ${asked} asked: ${agreement(all.votes.value, done)} …`;
    case "done": {
      if (asked === 0) return "No model is stored yet.";
      const limit = stored > MAX_ASKED
        ? ` These are the ${MAX_ASKED} most accurate of ${plural(stored, "stored model")}.`
        : "";
      return `${agreement(all.votes.value, done)}.${limit}`;
    }
  }
}

/** Sums up the votes of `asked` models, such as "7 of 9 say 4, 2 say 9". */
export function agreement(votes: readonly Vote[], asked: number): string {
  if (votes.length === 0) return "none of them could be opened";
  const [first, ...others] = votes.map(({ digit, votes }) =>
    [votes, `${votes === 1 ? "says" : "say"} ${digit}`] as const
  );
  return [`${first[0]} of ${asked} ${first[1]}`, ...others.map(([count, says]) => `${count} ${says}`)].join(", ");
}
