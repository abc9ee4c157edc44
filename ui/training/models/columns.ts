/** The columns of the table of stored models: what each shows and by what it is sorted. */
import { MODEL_TYPES, type ModelRecord, OPTIMIZERS } from "../../../protocol/mod.ts";
import { formatCount, formatDuration, formatPercent, formatTime, formatWidths } from "../../shared/text/format.ts";

export interface Column {
  /** As the address bar names it. */
  key: string;
  title: string;
  text(record: ModelRecord): string;
  /** Compared number by number; a list that ends first comes first. */
  order(record: ModelRecord): number | readonly number[];
  /** Numbers stand flush right, digit below digit. */
  isNumber?: boolean;
  /** Which way the first click sorts. */
  first: "ascending" | "descending";
}

export const COLUMNS: readonly Column[] = [
  {
    key: "type",
    title: "Model type",
    text: (record) => record.model_type,
    order: (record) => MODEL_TYPES.indexOf(record.model_type),
    first: "ascending",
  },
  {
    key: "layers",
    title: "Hidden layers",
    text: (record) => record.hidden_layers_config.length > 0 ? formatWidths(record.hidden_layers_config) : "none",
    order: ({ hidden_layers_config: widths }) => [widths.length, ...widths],
    first: "ascending",
  },
  {
    key: "optimizer",
    title: "Optimizer",
    text: (record) => record.optimizer,
    order: (record) => ALPHABETIC.indexOf(record.optimizer),
    first: "ascending",
  },
  {
    key: "rate",
    title: "Learning rate",
    text: (record) => String(record.learning_rate),
    order: (record) => record.learning_rate,
    isNumber: true,
    first: "ascending",
  },
  {
    key: "batch",
    title: "Batch size",
    text: (record) => formatCount(record.batch_size),
    order: (record) => record.batch_size,
    isNumber: true,
    first: "ascending",
  },
  {
    key: "epochs",
    title: "Epochs",
    text: (record) => formatCount(record.num_epochs),
    order: (record) => record.num_epochs,
    isNumber: true,
    first: "ascending",
  },
  {
    key: "dropout",
    title: "Dropout",
    text: (record) => record.use_dropout ? String(record.dropout_p) : "off",
    order: (record) => record.use_dropout ? record.dropout_p : -1,
    isNumber: true,
    first: "ascending",
  },
  {
    key: "accuracy",
    title: "Test accuracy",
    text: (record) => formatPercent(record.accuracy),
    order: (record) => record.accuracy,
    isNumber: true,
    first: "descending",
  },
  {
    key: "time",
    title: "Training time",
    // A model from elsewhere was not trained here.
    text: (record) => record.imported === true ? "–" : formatDuration(record.training_time),
    order: (record) => record.imported === true ? -1 : record.training_time,
    isNumber: true,
    first: "ascending",
  },
  {
    key: "when",
    title: "Stored",
    text: (record) => formatTime(record.timestamp),
    order: (record) => record.timestamp,
    isNumber: true,
    first: "descending",
  },
];

const ALPHABETIC = OPTIMIZERS.toSorted();
