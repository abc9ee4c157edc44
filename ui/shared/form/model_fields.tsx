import type { ComponentChildren } from "preact";
import {
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  type LearningRateRange,
  MODEL_TYPES,
  type ModelType,
  type OptimizerName,
  OPTIMIZERS,
} from "../../../protocol/mod.ts";
import { CheckField, type Option, SelectField, TextField } from "../components/field.tsx";
import { formatCount, plural } from "../text/format.ts";
import type { ModelForm } from "./model_form.ts";

const MODEL_HINTS: Record<ModelType, string> = {
  SimpleNN: "Plain layers, each fed by all of the one before (a multilayer perceptron). Quick.",
  ConvNN: "Looks for strokes and corners first (two convolutions). Slower, makes fewer mistakes.",
};

const OPTIMIZER_HINTS: Record<OptimizerName, string> = {
  Adam: "Corrects each weight at a pace of its own. A safe first choice.",
  SGD: "Plain steps downhill (stochastic gradient descent). Wants a larger learning rate.",
  RMSprop: "Scales each correction by how large the recent ones were.",
  AdamW: "Adam that also pulls the weights gently towards zero (weight decay).",
};

const choices = (names: readonly string[]): Option[] => names.map((name) => ({ value: name, text: name }));

/** The fields of a model; `learningRate` and `dropout` stand where the page's own fields belong. */
export function ModelFields(
  { form, learningRate, dropout }: { form: ModelForm; learningRate: ComponentChildren; dropout?: ComponentChildren },
) {
  return (
    <>
      <fieldset>
        <legend>Network</legend>
        <SelectField
          id="model-type"
          label="Model type"
          hint={MODEL_HINTS[form.modelType.value]}
          options={choices(MODEL_TYPES)}
          value={form.modelType.value}
          onChoose={(name) => form.modelType.value = name as ModelType}
        />
        <TextField
          id="hidden-layers"
          label="Hidden layers"
          hint="Units in each layer between picture and answer, separated by commas. Empty for none."
          field={form.hiddenLayers}
          inputMode="text"
        />
        <CheckField
          id="use-dropout"
          label="Use dropout"
          hint="Silences units at random while it learns, so that none is relied on alone."
          checked={form.useDropout}
        />
        {form.useDropout.value && dropout}
      </fieldset>
      <fieldset>
        <legend>Learning</legend>
        <SelectField
          id="optimizer"
          label="Optimizer"
          hint={OPTIMIZER_HINTS[form.optimizer.value]}
          options={choices(OPTIMIZERS)}
          value={form.optimizer.value}
          onChoose={(name) => form.optimizer.value = name as OptimizerName}
        />
        {learningRate}
        <div class="pair">
          <TextField
            id="epochs"
            label="Epochs"
            hint="Rounds through all 60,000 digits."
            field={form.epochs}
            inputMode="numeric"
          />
          <TextField
            id="batch-size"
            label="Batch size"
            hint="Digits looked at before each correction."
            field={form.batchSize}
            inputMode="numeric"
          />
        </div>
      </fieldset>
    </>
  );
}

const RANGE_OPTIONS = LEARNING_RATE_RANGE_NAMES.map((name) => {
  const { min, max } = LEARNING_RATE_RANGES[name];
  return { value: name, text: `${name} (${plain(min)} – ${plain(max)})` };
});

export function RangeField(
  { value, hint, onChoose }: {
    value: LearningRateRange | undefined;
    hint: string;
    onChoose: (range: LearningRateRange) => void;
  },
) {
  return (
    <SelectField
      id="learning-rate-range"
      label="Learning rate range"
      hint={hint}
      options={RANGE_OPTIONS}
      value={value}
      otherwise="Custom"
      onChoose={(name) => onChoose(name as LearningRateRange)}
    />
  );
}

/** How large the model is and how long it learns, as far as the fields say. */
export function ModelSize({ form, blocked }: { form: ModelForm; blocked?: boolean }) {
  if (blocked) return <p class="size">A setting above is marked in red: mend it to start.</p>;
  const parameters = form.parameterCount.value;
  const steps = form.stepCount.value;
  return (
    <p class="size">
      {parameters === undefined ? "–" : formatCount(parameters)} adjustable numbers (parameters) ·{" "}
      {steps === undefined ? "– steps" : plural(steps, "step")}
      {form.shape.value && <span class="shape">{form.shape.value}</span>}
    </p>
  );
}

/** `1e-5` → `0.00001`. */
function plain(rate: number): string {
  return rate.toFixed(8).replace(/\.?0+$/, "");
}
