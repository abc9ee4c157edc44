/** The columns of the table of stored models: what each shows and how it sorts. */
import {
  type FieldName,
  fieldOf,
  isKnown,
  MAIN_SETTINGS,
  type ModelRecord,
  SETTINGS,
  showSetting,
  valueOf,
} from "../../../protocol/mod.ts";
import { formatCount, formatDuration, formatPercent, formatTime } from "../../shared/text/format.ts";

/** A column of the table. */
export interface Column {
  /** Its name in the address bar. */
  key: string;
  /** The setting that it shows; undefined for a result. */
  setting?: FieldName;
  title: string;
  text(record: ModelRecord): string;
  /** Sort key, compared number by number. If one list is the start of another, it comes first. */
  order(record: ModelRecord): number | readonly number[];
  /** Numbers are right-aligned, so that their digits line up. */
  isNumber?: boolean;
  /** The direction in which the first click sorts. */
  first: "ascending" | "descending";
}

/** Names in the address bar that are shorter than the field's. */
const KEYS: Partial<Record<FieldName, string>> = {
  model_type: "type",
  hidden_layers_config: "layers",
  learning_rate: "rate",
  batch_size: "batch",
  num_epochs: "epochs",
  use_dropout: "dropout",
};

/** A column for each setting, in the order in which people see them. */
export const SETTING_COLUMNS: readonly Column[] = SETTINGS.map((setting) => {
  const { label, kind } = fieldOf(setting);
  return {
    key: KEYS[setting] ?? setting,
    setting,
    title: label,
    text: (record) => {
      const text = showSetting(record, setting);
      return kind === "whole" && /^\d+$/.test(text) ? formatCount(Number(text)) : text;
    },
    order: (record) => orderOf(record, setting),
    isNumber: kind !== "choice" && kind !== "list",
    first: "ascending",
  };
});

/**
 * Names sort alphabetically, model families by size, widths by value; a setting that is off or unknown comes before any
 * other.
 */
function orderOf(record: ModelRecord, setting: FieldName): number | readonly number[] {
  const { kind, options = [] } = fieldOf(setting), value = valueOf(record, setting);
  if (Array.isArray(value)) return [value.length, ...value];
  if (!isKnown(record, setting)) return -1;
  if (kind === "toggle") return value ? Number(showSetting(record, setting)) || 0 : -1;
  if (kind !== "choice") return Number(value);
  return (setting === "model_type" ? options : options.toSorted()).indexOf(String(value));
}

/** A column for each result of a training run. */
export const RESULT_COLUMNS: readonly Column[] = [
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
    // An imported model was not trained here.
    text: (record) => record.imported === true ? "–" : formatDuration(record.training_time),
    order: (record) => record.imported === true ? -1 : record.training_time,
    isNumber: true,
    first: "ascending",
  },
];

/** All columns of the table. Optional numbers and choices get no column, because most models have the default. */
export const COLUMNS: readonly Column[] = [
  ...SETTING_COLUMNS.filter(({ setting }) => MAIN_SETTINGS.includes(setting!)),
  ...RESULT_COLUMNS,
  {
    key: "when",
    title: "Stored",
    text: (record) => formatTime(record.timestamp),
    order: (record) => record.timestamp,
    isNumber: true,
    first: "descending",
  },
];
