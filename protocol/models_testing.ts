/** For tests: the record of a model, and what finds it. */
import { DEFAULT_CONFIG } from "./model_config.ts";
import type { ModelRecord } from "./models.ts";
import type { PredictParams } from "./requests.ts";

/** The record of a small model. */
export function record(fields: Partial<ModelRecord> = {}): ModelRecord {
  const id = fields.id ?? "model_simplenn_adam_1";
  return {
    id,
    filename: `${id}.pth`,
    timestamp: 1,
    ...DEFAULT_CONFIG,
    learning_rate: 0.0055,
    batch_size: 32,
    num_epochs: 1,
    hidden_layers_config: [128],
    accuracy: 94.1,
    training_time: 36.866,
    ...fields,
  };
}

/** The `params` of a prediction that match `record()`. */
export const params: PredictParams = {
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate_range: "High",
  batch_size: 32,
  epochs: 1,
  hidden_layers_config: [128],
  use_dropout: false,
};
