import * as v from "valibot";
import * as field from "./fields.ts";

/**
 * What may be said of a model that is brought in. Its layers are told by its file, so here they are only compared; of its
 * training the file tells nothing, so what is left out is as the pages have it at first.
 */
export const ImportConfigSchema = v.object({
  model_type: v.optional(field.modelType),
  hidden_layers_config: v.optional(field.hiddenLayers),
  optimizer: v.optional(field.optimizer, "Adam"),
  learning_rate: v.optional(field.learningRate, 0.001),
  batch_size: v.optional(field.batchSize, 64),
  num_epochs: v.optional(field.epochs, 5),
  use_dropout: v.optional(field.useDropout),
  dropout_p: v.optional(field.dropoutP, 0.3),
  /** Take the place of a stored model of the same configuration. */
  overwrite: v.optional(v.boolean("must be true or false"), false),
});

export type ImportConfig = v.InferOutput<typeof ImportConfigSchema>;

/** The names of the fields, in the order in which they are told to people. */
export const IMPORT_FIELDS = Object.keys(ImportConfigSchema.entries) as (keyof ImportConfig)[];
