import { Page } from "../components/page.tsx";
import { ModelFields, RangeField } from "../form/model_fields.tsx";
import { describeModel, formatPercent } from "../text/format.ts";
import { DrawingView } from "./drawing_view.tsx";
import type { InsightModel } from "./insight/insight_model.ts";
import { InsightView } from "./insight/insight_view.tsx";
import type { InferenceModel } from "./model.ts";
import { OutcomeView } from "./outcome_view.tsx";

export function InferencePage({ model, insight }: { model: InferenceModel; insight: InsightModel }) {
  return (
    <Page
      current="inference"
      title="Draw a digit"
      lead="A network that you trained says which digit it sees, and how sure it is."
      query={model.form.query.value}
    >
      <div class="columns even">
        <DrawingView model={model} />
        <OutcomeView model={model} />
      </div>
      <InsightView insight={insight} />
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
        <ModelFields
          form={model.form.model}
          learningRate={
            <RangeField
              value={model.form.range.value}
              hint="In which the model's learning rate lay."
              onChoose={(range) => model.form.range.value = range}
            />
          }
        />
      </div>
    </form>
  );
}

function NamedModel({ model }: { model: InferenceModel }) {
  const id = model.modelId.value;
  const record = model.namedModel.value;
  if (id === undefined) {
    return <p>The best stored model that was trained with exactly these settings.</p>;
  }
  return (
    <p class="named">
      This one model, until you change a setting: <code>{id}</code>
      {record && ` – ${describeModel(record)}; test accuracy ${formatPercent(record.accuracy)}`}.
    </p>
  );
}
