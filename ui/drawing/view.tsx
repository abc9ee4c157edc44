import { Page } from "../shared/components/page.tsx";
import { ModelFields } from "../shared/form/model_fields.tsx";
import { SHARED_FIELDS } from "../shared/form/model_form.ts";
import { describeModel, formatPercent } from "../shared/text/format.ts";
import { DrawingView } from "./drawing_view.tsx";
import type { InsightModel } from "./insight/insight_model.ts";
import { InsightView } from "./insight/insight_view.tsx";
import type { InferenceModel } from "./model.ts";
import type { ModelChoice } from "./model_choice.ts";
import { OutcomeView } from "./outcome_view.tsx";

export function InferencePage({ model, insight }: { model: InferenceModel; insight: InsightModel }) {
  return (
    <Page current="inference" query={model.choice.form.query.value}>
      <div class="columns even">
        <DrawingView model={model} />
        <div class="answers">
          <OutcomeView model={model} />
          <InsightView insight={insight} />
        </div>
      </div>
      <WhichModel model={model} />
    </Page>
  );
}

function WhichModel({ model }: { model: InferenceModel }) {
  return (
    <form class="card which" aria-label="Settings" onSubmit={(event) => event.preventDefault()} noValidate>
      <h2>Which model answers</h2>
      <NamedModel model={model} />
      <div class="fieldsets">
        <ModelFields form={model.choice.form} names={SHARED_FIELDS} rangeHint={rangeHint(model.choice)} />
      </div>
    </form>
  );
}

function rangeHint({ form }: ModelChoice): string {
  const rate = form.otherRate.value;
  if (rate === undefined) return "In which the model's learning rate lay.";
  return `The learning rate ${rate} lies in none of the ranges.`;
}

function NamedModel({ model }: { model: InferenceModel }) {
  const id = model.choice.modelId.value;
  const record = id === undefined ? model.choice.chosen.value : model.choice.namedModel.value;
  const words = record && `${describeModel(record)}; test accuracy ${formatPercent(record.accuracy)}`;
  if (id !== undefined) {
    return (
      <p class="named">
        This one model, until you change a setting: <code>{id}</code>
        {words && ` – ${words}`}.
      </p>
    );
  }
  return (
    <>
      <p>The best stored model that was trained with exactly these settings.</p>
      {record && (
        <p class="named">
          That is <code>{record.id}</code> – {words}.
        </p>
      )}
    </>
  );
}
