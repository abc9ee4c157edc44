/** The settings that few people need. The page loads this file when they are shown. */
import { scheduleFactor, type ScheduleName } from "../../../core/training/learning_rate_schedules.ts";
import type { FurtherFieldName } from "../../../protocol/mod.ts";
import type { WordsOf } from "./field_words.ts";
import { FieldLines } from "./model_fields.tsx";
import type { ModelForm } from "./model_form.ts";

/** Size of the picture of a schedule, and the number of its points. */
const WIDTH = 240, HEIGHT = 40, STEPS = 100;

/** The learning rate over a training run, from its first step to its last, as a curve between 0 and the rate itself. */
function SchedulePicture({ schedule }: { schedule: ScheduleName }) {
  const points = Array.from({ length: STEPS }, (_, step) => {
    const factor = scheduleFactor(schedule, step, STEPS);
    return `${(step / (STEPS - 1) * WIDTH).toFixed(1)},${((1 - factor) * HEIGHT).toFixed(1)}`;
  });
  return (
    <svg class="schedule" viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}

/** What a schedule does, in words and as a picture. */
const pictured = (schedule: ScheduleName, words: string) => (
  <>
    {words}
    <SchedulePicture schedule={schedule} />
  </>
);

const MORE_WORDS: WordsOf<FurtherFieldName> = {
  conv_channels: {
    group: "More",
    hint: "How many patterns each convolution looks for: one number for each of one to four convolutions.",
    isNarrow: true,
  },
  conv_kernels: {
    group: "More",
    hint: "Height and width of the filters in pixels: 3 or 5 for each convolution.",
    isNarrow: true,
  },
  conv_padding: {
    group: "More",
    hint: {
      same: "Paper is added around the picture, so that it keeps its size.",
      valid: "Nothing is added around the picture, so that it shrinks at its edges. Faster.",
    },
  },
  activation: {
    group: "More",
    hint: {
      relu: "What follows each layer: keeps what is positive, the rest becomes 0.",
      gelu: "Like relu, with a soft corner. Somewhat slower.",
      tanh: "Squeezes everything between −1 and 1. Slower to learn.",
      sigmoid: "Squeezes everything between 0 and 1, as the first networks did. Slow to learn.",
    },
  },
  lr_schedule: {
    group: "More",
    hint: {
      constant: pictured("constant", "The learning rate stays the same."),
      cosine: pictured("cosine", "The learning rate falls to 0, slowly at first and at the end."),
      one_cycle: pictured(
        "one_cycle",
        "The learning rate rises from a 25th of its value to all of it, then falls to almost 0.",
      ),
    },
  },
  momentum: {
    group: "More",
    hint: "Share of the last step that the next one keeps, like a ball that rolls on.",
  },
  betas: {
    group: "More",
    hint: "How long Adam remembers gradients, and how long their sizes; nearer to 1 is longer.",
  },
  weight_decay: {
    group: "More",
    hint: "Pulls the weights towards 0 so that none grows large.",
  },
  label_smoothing: {
    group: "More",
    hint: "Keeps the network from being too sure: 0.1 spreads a tenth of each answer over all ten digits.",
  },
};

/** Controls for these settings. */
export function MoreModelFields({ form }: { form: ModelForm }) {
  return <FieldLines form={form} words={MORE_WORDS} group="More" />;
}
