import type { ComponentChildren } from "preact";
import type { BasicFieldName, FieldName, ModelConfig } from "../../../protocol/mod.ts";
import { type DatasetSize, trainingDigits } from "../wire/dataset_size.ts";

/** The parts of a form that everybody sees; settings that few people need are among its further settings. */
export const FIELD_GROUPS = ["Network", "Learning"] as const;
type FieldGroup = (typeof FIELD_GROUPS)[number] | "More";

/** What a form says about a field whose value is a `T`. */
export interface FieldWords<T> {
  /** The part of the form that contains the field. */
  group: FieldGroup;
  /** The accessible name, if it differs from the label in the table of fields. */
  label?: string;
  /** What the field means, in plain words, which may depend on the dataset; for a choice, what each name means. */
  hint: [T] extends [string] ? Readonly<Record<T, ComponentChildren>>
    : string | ((size: DatasetSize | undefined) => string);
  /** Shares its line with a neighbour. */
  isNarrow?: true;
}

/** What a form says about the fields with these names. */
export type WordsOf<Name extends FieldName> = { readonly [N in Name]: FieldWords<NonNullable<ModelConfig[N]>> };

/** What the forms say about each field that everybody sees, in the order in which they show them. */
export const FIELD_WORDS: WordsOf<BasicFieldName> = {
  model_type: {
    group: "Network",
    hint: {
      SimpleNN: "Fully connected layers (a multilayer perceptron). Quick.",
      ConvNN: "Looks for strokes and corners first (convolutions). Slower, but makes fewer mistakes.",
    },
  },
  hidden_layers_config: {
    group: "Network",
    hint: "Units in each layer between picture and answer, separated by commas. Empty for none.",
  },
  use_dropout: {
    group: "Network",
    label: "Use dropout",
    hint: "Randomly switches units off during training so the network relies on no single one.",
  },
  dropout_p: {
    group: "Network",
    hint: "Share of the units switched off at each step (p): 0.3 is three in ten.",
  },
  optimizer: {
    group: "Learning",
    hint: {
      Adam: "Adapts the step for each weight. A safe first choice.",
      SGD: "Plain steps downhill (stochastic gradient descent). Needs a larger learning rate.",
      RMSprop: "Scales each step by the size of the recent ones.",
      AdamW: "Adam that also pulls the weights gently towards zero (weight decay).",
    },
  },
  learning_rate: {
    group: "Learning",
    hint: "Size of each step. Too large overshoots, too small crawls.",
  },
  num_epochs: {
    group: "Learning",
    hint: (size) => `Rounds through all ${trainingDigits(size).slice(4)}.`,
    isNarrow: true,
  },
  batch_size: {
    group: "Learning",
    hint: "Digits the network sees before each step.",
    isNarrow: true,
  },
};
