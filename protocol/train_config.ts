import * as v from "valibot";
import * as field from "./fields.ts";

/** First message of a client on `/ws/train`. */
export const TrainConfigSchema = v.pipe(
  v.object({
    model_type: field.modelType,
    optimizer: field.optimizer,
    learning_rate: field.learningRate,
    num_epochs: field.epochs,
    batch_size: field.batchSize,
    num_layers: v.nullish(v.pipe(v.number("must be the number of hidden layers"))),
    hidden_layers_config: field.hiddenLayers,
    use_dropout: v.optional(field.useDropout, false),
    dropout_p: v.optional(field.dropoutP, 0.3),
    seed: v.nullish(field.seed),
    device: v.nullish(field.device),
    /** A stored model of the same layers whose weights to begin with; the new one is stored beside it. */
    start_from: v.nullish(field.modelId),
  }),
  v.forward(
    v.partialCheck(
      [["num_layers"], ["hidden_layers_config"]],
      (config) => config.num_layers == null || config.num_layers === config.hidden_layers_config.length,
      "must equal the number of entries in hidden_layers_config",
    ),
    ["num_layers"],
  ),
);

export type TrainConfig = v.InferOutput<typeof TrainConfigSchema>;
