/** By what a stored model is looked up. */
import * as v from "valibot";
import * as field from "./fields.ts";

export const PredictParamsSchema = v.object({
  model_type: field.modelType,
  optimizer: field.optimizer,
  learning_rate_range: field.learningRateRange,
  batch_size: field.batchSize,
  epochs: field.epochs,
  hidden_layers_config: field.hiddenLayers,
  use_dropout: v.optional(field.useDropout, false),
});

export type PredictParams = v.InferOutput<typeof PredictParamsSchema>;
