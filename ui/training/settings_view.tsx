import { ModelFields, ModelSize, RangeField } from "../form/model_fields.tsx";
import { TextField } from "../components/field.tsx";
import type { TrainingModel } from "./model.ts";

/** The left column: what to train, and the button that starts it. */
export function Settings({ model }: { model: TrainingModel }) {
  const { form } = model;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    model.start();
  };
  return (
    <form class="card settings" aria-label="Settings" onSubmit={submit} noValidate>
      <ModelFields
        form={form.model}
        learningRate={
          <>
            <TextField
              id="learning-rate"
              label="Learning rate"
              hint="Size of each correction. Too large overshoots, too small crawls."
              field={form.learningRate}
              inputMode="decimal"
            />
            <RangeField
              value={form.range.value}
              hint="Choosing one sets the rate to its middle."
              onChoose={(range) => form.chooseRange(range)}
            />
          </>
        }
      />
      <div class="start">
        <ModelSize form={form.model} blocked={form.config.value === undefined} />
        <button type="submit" class="primary" disabled={!model.canStart.value}>Start Training</button>
      </div>
    </form>
  );
}
