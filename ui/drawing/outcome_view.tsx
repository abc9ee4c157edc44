import { differingFields, type ModelRecord, type PredictParams, type PredictResponse } from "../../protocol/mod.ts";
import { pageUrl } from "../shared/wire/page_urls.ts";
import { describeModel, formatMilliseconds, formatShare } from "../shared/text/format.ts";
import { compareFields } from "./compare_fields.ts";
import { PAPER_ID } from "./drawing_view.tsx";
import { DoubtWords } from "./doubt_words.tsx";
import type { InferenceModel } from "./model.ts";
import type { ModelChoice } from "./model_choice.ts";
import type { Source } from "./outcome.ts";

/** What the network takes the drawing for. The first line is the digit alone, or `None`. */
export function OutcomeView({ model }: { model: InferenceModel }) {
  const outcome = model.outcome.value;
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
        <p class={answer?.doubt ? "digit doubted" : answer ? "digit" : "digit none"}>
          {answer ? answer.prediction : "None"}
        </p>
        <Words model={model} />
        {outcome.kind !== "not trained" && (
          <div aria-live="off">
            <Probabilities probabilities={answer?.probabilities} winner={answer?.prediction} />
          </div>
        )}
        {answer && source && <Author answer={answer} source={source} />}
      </div>
      {outcome.kind === "not trained" && <Miss model={model} nearest={outcome.nearest?.model} />}
    </section>
  );
}

function Words({ model }: { model: InferenceModel }) {
  const outcome = model.outcome.value;
  switch (outcome.kind) {
    case "waiting":
      if (!model.choice.canPredict.value) return <p>{whatIsMissing(model.choice)}</p>;
      return <p>{model.place === "browser" ? "Draw a digit." : "Draw a digit, then press Predict."}</p>;
    case "loading":
      return <p>Loading the model …</p>;
    case "asking":
      return <p>Looking …</p>;
    case "blank":
      return <p>The page is still blank. Draw a digit first.</p>;
    case "recognised":
      return outcome.answer.doubt
        ? <DoubtWords answer={outcome.answer} doubt={outcome.answer.doubt} />
        : <p>{formatShare(Math.max(...outcome.answer.probabilities))} sure (confidence)</p>;
    case "not trained":
      return <p>Model not trained yet. No stored model has these settings.</p>;
    case "failed":
      return <p class="error">{outcome.message}</p>;
  }
}

/** Why no model can be looked up yet. */
function whatIsMissing({ form }: ModelChoice): string {
  return form.range.value === undefined
    ? `The learning rate ${form.otherRate.value} lies in none of the ranges, by which models are found here. ` +
      "Press Test beside a model on the training page, or choose a range below."
    : "A setting below is marked in red: mend it first.";
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

function Author({ answer: { found_model: found }, source }: { answer: PredictResponse; source: Source }) {
  const { by, milliseconds, isStandIn } = source;
  return (
    <div class="author">
      <p class="note">
        Model <code>{found.id}</code>
        <span class="roomy">
          {` (learning rate ${found.learning_rate}, test accuracy ${found.accuracy.replace("%", " %")}), answered by `}
        </span>
        <span>
          {by === "server" ? "the server" : BACKENDS[by] ?? by}
          {by !== "server" && <span class="roomy">&nbsp;in this browser</span>} in {formatMilliseconds(milliseconds)}
        </span>
      </p>
      {isStandIn && <p class="note">This browser could not run the model, so the server stood in.</p>}
    </div>
  );
}

function Miss({ model, nearest }: { model: InferenceModel; nearest: ModelRecord | undefined }) {
  const params = model.choice.form.params.value;
  return (
    <div class="miss">
      <a class="button primary" href={pageUrl("training", model.choice.form.query.value)}>Train this configuration</a>
      {nearest && params ? <Nearest model={model} nearest={nearest} params={params} /> : <p>No model is stored yet.</p>}
    </div>
  );
}

function Nearest({ model, nearest, params }: { model: InferenceModel; nearest: ModelRecord; params: PredictParams }) {
  const use = () => {
    model.useModel(nearest);
    // All of this goes; next one draws.
    document.getElementById(PAPER_ID)?.focus({ preventScroll: true });
  };
  return (
    <section aria-labelledby="nearest-title">
      <h2 id="nearest-title">Nearest stored model</h2>
      <p>{describeModel(nearest)}.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Differs in</th>
            <th scope="col">Asked</th>
            <th scope="col">Stored</th>
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
