import { useSignal } from "@preact/signals";
import {
  differingFields,
  type Doubt,
  FIELD_NAMES,
  fieldOf,
  isKnown,
  type ModelRecord,
  type NearestModel,
  PARAM_FIELDS,
  type PredictParams,
  type PredictResponse,
  showValue,
  UNKNOWN,
  valueOf,
} from "../../protocol/mod.ts";
import { describeModel, formatMilliseconds, formatShare } from "../shared/text/format.ts";
import { pageUrl } from "../shared/wire/page_urls.ts";
import type { DrawingPage } from "./drawing_page.ts";
import type { Source } from "./outcome.ts";
import { PAPER_ID } from "./pad_view.tsx";

/** The answer. The first line is the digit alone, or `None`. */
export function OutcomeView({ page }: { page: DrawingPage }) {
  const outcome = page.outcome.value;
  const { answer, source } = outcome.kind === "recognised" ? outcome : {};
  return (
    <section class="card outcome">
      <div
        role="status"
        aria-label="Prediction"
        aria-busy={outcome.kind === "asking" || outcome.kind === "loading"}
        data-device={source?.by}
        data-milliseconds={source?.milliseconds}
      >
        <p class={answer?.doubt ? "digit unsure" : answer ? "digit" : "digit none"}>
          {answer ? answer.prediction : "None"}
        </p>
        <Words page={page} />
        {outcome.kind !== "not trained" && (
          <div aria-live="off">
            <Probabilities probabilities={answer?.probabilities} winner={answer?.prediction} />
          </div>
        )}
        {answer && source && <AnsweredBy answer={answer} source={source} />}
      </div>
      {outcome.kind === "not trained" && <Miss page={page} nearest={outcome.nearest?.model} />}
    </section>
  );
}

function Words({ page }: { page: DrawingPage }) {
  const outcome = page.outcome.value;
  switch (outcome.kind) {
    case "waiting":
      if (!page.choice.canPredict.value) return <p>Fix the red field below first.</p>;
      if (page.where === "browser") return <p>Draw a digit.</p>;
      return <p>{page.sketch.blank.value ? "Draw a digit, then press Predict." : "Press Predict."}</p>;
    case "loading":
      return <p>Loading the model …</p>;
    case "asking":
      return <p>Asking the server …</p>;
    case "blank":
      return <p>The page is still blank. Draw a digit first.</p>;
    case "recognised":
      return outcome.answer.doubt
        ? <NotSure answer={outcome.answer} doubt={outcome.answer.doubt} />
        : <p>{formatShare(Math.max(...outcome.answer.probabilities))} sure (confidence)</p>;
    case "not trained":
      return <p>Model not trained yet. {whatIsMissing(page, outcome.nearest)}</p>;
    case "failed":
      return <p class="error">{outcome.message}</p>;
  }
}

/** Why there is no answer, and what to do about it. */
function whatIsMissing({ sketch }: DrawingPage, nearest: NearestModel | null): string {
  const [missing, offer] = nearest
    ? ["no model with these settings", "Train it, or use your nearest model."]
    : ["no model at all", "Train one: your drawing waits here."];
  return `You have ${missing}.${sketch.blank.value ? "" : ` ${offer}`}`;
}

/**
 * The answer to a drawing that is out of distribution: a guess, and why it is only a guess. On a narrow screen the
 * reasons appear only on request, because they would push the paper away from under the pen.
 */
function NotSure({ answer: { prediction, probabilities }, doubt }: { answer: PredictResponse; doubt: Doubt }) {
  const isAsked = useSignal(false);
  return (
    <div class={isAsked.value ? "ood asked" : "ood"}>
      <p>
        Perhaps {prediction === 8 ? "an" : "a"} {prediction}, but I’m not sure this is a digit.{" "}
        <button
          type="button"
          class="inline why"
          aria-expanded={isAsked.value}
          aria-controls="ood-reasons"
          onClick={() => isAsked.value = !isAsked.value}
        >
          Why?
        </button>
      </p>
      <p class="note" id="ood-reasons">
        The model knows ten digits and nothing else, so it names one for any drawing (confidence{" "}
        {formatShare(Math.max(...probabilities))}). A second check looks at the drawing alone, and finds it unlike the
        {" "}
        digits it knows (out of distribution). That check is wrong about {doubt.false_alarm_percent} % of real digits.
      </p>
    </div>
  );
}

function Probabilities({ probabilities, winner }: { probabilities?: readonly number[]; winner?: number }) {
  return (
    <ul class="probabilities" aria-label="How likely each digit is">
      {Array.from({ length: 10 }, (_, digit) => {
        const share = probabilities?.[digit] ?? 0;
        return (
          <li key={digit} class={digit === winner ? "winner" : undefined}>
            <span>{digit}</span>
            <span class="bar">
              <span style={{ transform: `scaleX(${share})` }} />
            </span>
            <span>{probabilities ? formatShare(share) : "–"}</span>
          </li>
        );
      })}
    </ul>
  );
}

const BACKENDS: Readonly<Record<string, string>> = { wasm: "WASM", webgpu: "WebGPU" };

function AnsweredBy({ answer: { found_model: found }, source }: { answer: PredictResponse; source: Source }) {
  const { by, milliseconds, isStandIn } = source;
  return (
    <div class="author">
      <p class="note">
        Model <code>{found.id}</code>
        <span class="roomy">
          {` (learning rate ${
            found.assumed?.includes("learning_rate") ? UNKNOWN : found.learning_rate
          }, test accuracy ${found.accuracy.replace("%", " %")}), answered by `}
        </span>
        <span>
          {by === "server" ? "the server" : BACKENDS[by] ?? by}
          {by !== "server" && <span class="roomy">&nbsp;in this browser</span>} in {formatMilliseconds(milliseconds)}
        </span>
      </p>
      {found.assumed && (
        <p class="note">
          It is not known how this model was trained ({found.assumed.map((name) => fieldOf(name).label.toLowerCase())
            .join(", ")}).
        </p>
      )}
      {isStandIn && <p class="note">This browser could not run the model, so the server answered.</p>}
    </div>
  );
}

function Miss({ page, nearest }: { page: DrawingPage; nearest: ModelRecord | undefined }) {
  const { choice } = page;
  const params = choice.form.params.value;
  return (
    <div class="miss">
      <a
        class="button primary"
        href={pageUrl("training", choice.newTrainingQuery.value)}
      >
        Train this configuration
      </a>
      {nearest && params && <Nearest page={page} nearest={nearest} params={params} />}
    </div>
  );
}

function Nearest({ page, nearest, params }: { page: DrawingPage; nearest: ModelRecord; params: PredictParams }) {
  const use = () => {
    page.useModel(nearest);
    // The button disappears, and the user will draw next.
    document.getElementById(PAPER_ID)?.focus({ preventScroll: true });
  };
  return (
    <section aria-labelledby="nearest-title">
      <h2 id="nearest-title">Nearest stored model</h2>
      <p>{describeModel(nearest)}.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">You chose</th>
            <th scope="col">It has</th>
          </tr>
        </thead>
        <tbody>
          {compareFields(differingFields(nearest, params), params, nearest).map(({ name, asked, stored }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{asked}</td>
              <td>{stored}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" onClick={use}>Use the nearest model</button>
    </section>
  );
}

/** A field whose value in a stored model differs from the requested one. */
export interface Difference {
  /** The field's label, as in tables of models. */
  name: string;
  asked: string;
  stored: string;
}

/**
 * Compares the requested and the stored value of each name in `fields`, which are names of `params`. Unknown names are
 * left out.
 */
export function compareFields(fields: readonly string[], params: PredictParams, record: ModelRecord): Difference[] {
  return fields.flatMap((field) => {
    const name = PARAM_FIELDS.find(({ param }) => param === field)?.name ?? FIELD_NAMES.find((name) => name === field);
    if (name === undefined) return [];
    return [{
      name: fieldOf(name).label,
      asked: showValue(params[field as keyof PredictParams]!),
      stored: isKnown(record, name) ? showValue(valueOf(record, name)) : UNKNOWN,
    }];
  });
}
