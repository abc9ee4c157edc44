/** Selects and sorts the stored models that the table shows. */
import { isKnown, type ModelRecord, type ModelType, type OptimizerName } from "../../../protocol/mod.ts";
import { describeModel } from "../../shared/text/format.ts";
import type { Column } from "./columns.ts";

/** Filters; undefined lets every model pass. */
export interface Facets {
  type?: ModelType;
  optimizer?: OptimizerName;
}

/** The models that have every word of `text` somewhere in their description or id, in the order they came in. */
export function findByText(records: readonly ModelRecord[], text: string): readonly ModelRecord[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return records;
  return records.filter((record) => {
    const within = searchText(record);
    return words.every((word) => within.includes(word));
  });
}

/** The models that pass `facets`, in the order they came in. */
export function narrowDown(records: readonly ModelRecord[], { type, optimizer }: Facets): readonly ModelRecord[] {
  if (type === undefined && optimizer === undefined) return records;
  return records.filter((record) =>
    (type === undefined || record.model_type === type) &&
    (optimizer === undefined || knownOptimizer(record) === optimizer)
  );
}

/** The optimizer of a model; undefined if it is unknown. */
export function knownOptimizer(record: ModelRecord): OptimizerName | undefined {
  return isKnown(record, "optimizer") ? record.optimizer : undefined;
}

/** The models in the order of a column. Equal models keep their order, whatever the direction. */
export function sortModels(
  records: readonly ModelRecord[],
  column: Column,
  direction: "ascending" | "descending",
): ModelRecord[] {
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = records.map((record) => ({ record, key: column.order(record) }));
  keyed.sort((a, b) => sign * compareKeys(a.key, b.key));
  return keyed.map(({ record }) => record);
}

type Key = ReturnType<Column["order"]>;

function compareKeys(a: Key, b: Key): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

/** Texts to search, made once for each record, because a record never changes. */
const texts = new WeakMap<ModelRecord, string>();

function searchText(record: ModelRecord): string {
  let text = texts.get(record);
  if (text === undefined) texts.set(record, text = `${describeModel(record)} ${record.id}`.toLowerCase());
  return text;
}
