import * as v from "valibot";
import * as field from "./fields.ts";

/**
 * One entry of `models_metadata.json`. Read leniently (a looser program may have written it): bounds of training are not
 * asked of a stored model, and fields that this lab does not know are kept.
 */
export const ModelRecordSchema = v.looseObject({
  id: v.string("must be a string"),
  filename: v.string("must be a string"),
  /** Unix seconds. */
  timestamp: v.number("must be a number"),
  model_type: field.modelType,
  optimizer: field.optimizer,
  learning_rate: v.number("must be a number"),
  batch_size: v.number("must be a number"),
  num_epochs: v.number("must be a number"),
  hidden_layers_config: v.array(v.number("must be a number"), "must be a list of layer widths"),
  use_dropout: v.optional(field.useDropout, false),
  dropout_p: v.optional(v.number("must be a number"), 0.3),
  /** Per cent of the test digits. */
  accuracy: v.number("must be a number"),
  /** Seconds, without waiting in the queue. */
  training_time: v.number("must be a number"),
});

export type ModelRecord = v.InferOutput<typeof ModelRecordSchema>;
