import { type FormQuery, type ModelRecord, rangeOf, type TrainConfig } from "../../../protocol/mod.ts";

/** The fields of a page's form that lead to the model of a configuration, or to the very model that is stored. */
export function queryOf(model: TrainConfig | ModelRecord): FormQuery {
  return {
    model_type: model.model_type,
    optimizer: model.optimizer,
    learning_rate: String(model.learning_rate),
    learning_rate_range: rangeOf(model.learning_rate),
    epochs: String(model.num_epochs),
    batch_size: String(model.batch_size),
    hidden_layers_config: model.hidden_layers_config.join(","),
    use_dropout: String(model.use_dropout),
    ...("id" in model ? { model_id: model.id } : {}),
  };
}
