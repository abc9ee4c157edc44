/** When two models, or two states of one, count as the same. */
import type * as field from "./fields.ts";
import type { ModelRecord } from "./model_record.ts";

/** The fields by which two models count as the same. */
export interface ModelConfig {
  model_type: field.ModelType;
  optimizer: field.OptimizerName;
  learning_rate: number;
  batch_size: number;
  num_epochs: number;
  hidden_layers_config: number[];
  use_dropout: boolean;
  dropout_p: number;
}

/** Whether a stored model answers to `config`; `dropout_p` counts only when dropout is on. */
export function isDuplicate(a: ModelConfig, b: ModelConfig): boolean {
  return a.model_type === b.model_type && a.optimizer === b.optimizer && a.learning_rate === b.learning_rate &&
    a.batch_size === b.batch_size && a.num_epochs === b.num_epochs && a.use_dropout === b.use_dropout &&
    sameWidths(a.hidden_layers_config, b.hidden_layers_config) && (!a.use_dropout || a.dropout_p === b.dropout_p);
}

export function sameWidths(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((width, i) => width === b[i]);
}

/** Tells one state of a stored model from another: a record of which any field changed stands for another model. */
export function recordVersion(record: ModelRecord): string {
  return JSON.stringify(record);
}
