import { DEFAULT_CONFIG, type ModelConfig } from "../../protocol/mod.ts";

/** Settings to begin with. */
export interface Preset {
  name: string;
  /** What to expect of it on an ordinary computer. */
  hint: string;
  values: ModelConfig;
}

/**
 * Accuracies are those of several seeds; times those of two cores that had nothing else to do, rounded up. Whatever a
 * preset does not decide has its default.
 */
export const PRESETS: readonly Preset[] = [
  {
    name: "Fast",
    hint: "Seconds, about 97\u00a0% right",
    values: { ...DEFAULT_CONFIG, num_epochs: 3, hidden_layers_config: [128] },
  },
  {
    name: "Accurate",
    hint: "Minutes, about 99\u00a0% right",
    values: { ...DEFAULT_CONFIG, model_type: "ConvNN", hidden_layers_config: [128], use_dropout: true },
  },
];
