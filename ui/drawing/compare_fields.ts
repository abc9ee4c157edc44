import type { ModelRecord, PredictParams } from "../../protocol/mod.ts";
import { formatWidths } from "../shared/text/format.ts";

export interface Difference {
  /** As the page labels the field. */
  name: string;
  asked: string;
  stored: string;
}

const yesNo = (on: boolean) => on ? "on" : "off";
const widths = (layers: readonly number[]) => layers.length > 0 ? formatWidths(layers) : "none";

const COMPARISONS: {
  [Field in keyof PredictParams]: (params: PredictParams, record: ModelRecord) => Difference;
} = {
  model_type: (a, b) => ({ name: "Model type", asked: a.model_type, stored: b.model_type }),
  optimizer: (a, b) => ({ name: "Optimizer", asked: a.optimizer, stored: b.optimizer }),
  learning_rate_range: (a, b) => ({
    name: "Learning rate",
    asked: a.learning_rate_range,
    stored: String(b.learning_rate),
  }),
  batch_size: (a, b) => ({ name: "Batch size", asked: String(a.batch_size), stored: String(b.batch_size) }),
  epochs: (a, b) => ({ name: "Epochs", asked: String(a.epochs), stored: String(b.num_epochs) }),
  hidden_layers_config: (a, b) => ({
    name: "Hidden layers",
    asked: widths(a.hidden_layers_config),
    stored: widths(b.hidden_layers_config),
  }),
  use_dropout: (a, b) => ({ name: "Dropout", asked: yesNo(a.use_dropout), stored: yesNo(b.use_dropout) }),
};

/** The values behind each field name in `fields`, side by side; names of unknown fields are left out. */
export function compareFields(fields: readonly string[], params: PredictParams, record: ModelRecord): Difference[] {
  return fields.flatMap((field) => {
    const compare = COMPARISONS[field as keyof PredictParams];
    return compare ? [compare(params, record)] : [];
  });
}
