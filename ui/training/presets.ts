import { sameWidths, type TrainConfig } from "../../protocol/mod.ts";

/** The fields of a configuration that a preset decides. */
export type PresetValues = Pick<
  TrainConfig,
  | "model_type"
  | "optimizer"
  | "learning_rate"
  | "num_epochs"
  | "batch_size"
  | "hidden_layers_config"
  | "use_dropout"
  | "dropout_p"
>;

export interface Preset {
  name: string;
  /** What to expect of it on an ordinary computer. */
  hint: string;
  values: PresetValues;
}

/** Accuracies are those of several seeds; times those of two cores that had nothing else to do, rounded up. */
export const PRESETS: readonly Preset[] = [
  {
    name: "Fast",
    hint: "Seconds, about 97\u00a0% right",
    values: {
      model_type: "SimpleNN",
      optimizer: "Adam",
      learning_rate: 0.001,
      num_epochs: 3,
      batch_size: 64,
      hidden_layers_config: [128],
      use_dropout: false,
      dropout_p: 0.3,
    },
  },
  {
    name: "Accurate",
    hint: "Minutes, about 99\u00a0% right",
    values: {
      model_type: "ConvNN",
      optimizer: "Adam",
      learning_rate: 0.001,
      num_epochs: 5,
      batch_size: 64,
      hidden_layers_config: [128],
      use_dropout: true,
      dropout_p: 0.3,
    },
  },
];

/** Whether `config` is what the preset would make it. */
export function isPreset({ values }: Preset, config: TrainConfig): boolean {
  return config.model_type === values.model_type && config.optimizer === values.optimizer &&
    config.learning_rate === values.learning_rate && config.num_epochs === values.num_epochs &&
    config.batch_size === values.batch_size && config.use_dropout === values.use_dropout &&
    (!values.use_dropout || config.dropout_p === values.dropout_p) &&
    sameWidths(config.hidden_layers_config, values.hidden_layers_config);
}
