import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lazily } from "../shared/components/rendering.tsx";
import { Page } from "../shared/components/page.tsx";
import { describeSetting } from "../../protocol/mod.ts";
import { ModelFields } from "../shared/form/model_fields.tsx";
import { SHARED_FIELDS } from "../shared/form/model_form.ts";
import { describeModel, formatPercent } from "../shared/text/format.ts";
import type { DrawingPage } from "./drawing_page.ts";
import { type Inside, whenIdle } from "./inside.ts";
import type { ModelChoice } from "./model_choice.ts";
import { OutcomeView } from "./outcome_view.tsx";
import { PadView } from "./pad_view.tsx";

const LazyInside = lazily(async () => (await import("./inside_view.tsx")).InsideView);

/** The drawing page: the pad, the answer with its explanation, and the settings of the model that answers. */
export function DrawingPageView({ page, inside }: { page: DrawingPage; inside: Inside }) {
  const isIdle = useSignal(false);
  useEffect(() => whenIdle(() => isIdle.value = true), []);
  return (
    <Page
      current="inference"
      queries={{ training: page.choice.trainingQuery.value, inference: page.choice.address.value }}
    >
      <div class="columns even">
        <PadView page={page} />
        <div class="answers">
          <OutcomeView page={page} />
          <LazyInside needed={isIdle.value} inside={inside} />
        </div>
      </div>
      <SettingsView choice={page.choice} />
    </Page>
  );
}

function SettingsView({ choice }: { choice: ModelChoice }) {
  return (
    <form class="card which" aria-label="Settings" onSubmit={(event) => event.preventDefault()} noValidate>
      <h2>Which model answers</h2>
      <ModelInUse choice={choice} />
      <div class="fieldsets">
        <ModelFields form={choice.form} names={SHARED_FIELDS} rangeHint={rangeHint(choice)} />
      </div>
    </form>
  );
}

function rangeHint({ form }: ModelChoice): string {
  const { range, fields } = form;
  if (range.value !== undefined) return "Learning rate used in training.";
  return `The learning rate ${fields.learning_rate.text.value} is in none of the ranges.`;
}

function ModelInUse({ choice }: { choice: ModelChoice }) {
  const id = choice.modelId.value;
  const record = id === undefined ? choice.chosen.value : choice.namedModel.value;
  const words = record && `${describeModel(record)}; test accuracy ${formatPercent(record.accuracy)}`;
  if (id !== undefined) {
    return (
      <p class="named">
        Using <code>{id}</code>
        {words && ` – ${words}`}, until you change a setting.
      </p>
    );
  }
  const { further, values } = choice.form;
  return (
    <>
      {further.value.length === 0 ? <p>The most accurate of your models with exactly these settings.</p> : (
        <p>
          The most accurate of your models with exactly these settings and with{" "}
          {further.value.map((name) => describeSetting(values.value, name)).join(", ")}.{" "}
          <button type="button" class="inline" onClick={() => choice.form.forgetFurther()}>
            Ignore {further.value.length === 1 ? "that" : "these"}
          </button>
        </p>
      )}
      {record && (
        <p class="named">
          Using <code>{record.id}</code> – {words}.
        </p>
      )}
    </>
  );
}
