/** The stored models on the training page, and the table, which selects and sorts them. */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import {
  isKnown,
  MODEL_TYPES,
  type ModelRecord,
  type ModelType,
  type OptimizerName,
  OPTIMIZERS,
} from "../../../protocol/mod.ts";
import { describeModel } from "../../shared/text/format.ts";
import type { LabConnection } from "../../shared/wire/connection.ts";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { type Column, COLUMNS } from "./columns.ts";
import { Comparison, MOST_COMPARED } from "./comparison.ts";
import { Deletions } from "./deletions.ts";
import { ModelImport } from "./model_import.ts";

/** The training page's stored models: lists, compares, deletes and imports them. Needs no DOM. */
export class LabModels {
  readonly stored: StoredModels;
  readonly deletions: Deletions;
  readonly table: ModelsTable;
  readonly comparison: Comparison;
  readonly import: ModelImport;

  /** Number of models, except those being deleted; undefined until the service has listed them. */
  readonly count = computed(() => this.deletions.remaining.value?.length);

  constructor(connection: LabConnection, stored: StoredModels) {
    this.stored = stored;
    this.deletions = new Deletions(connection, stored);
    this.table = new ModelsTable(this.deletions.remaining);
    this.comparison = new Comparison(connection, this.table.selected, this.table.comparing);
    this.import = new ModelImport(connection, () => stored.refresh(), () => this.deletions.settle());
  }
}

/** Rows on one page of the table. */
export const PAGE_ROWS = 25;

/** The most selected models that the address bar keeps: more would make the address too long to send. */
const MAX_IN_ADDRESS = 20;

/** The direction in which a column is sorted. */
export type Direction = "ascending" | "descending";

/** The column by which the table is sorted, and the direction. */
export interface Sorting {
  column: Column;
  direction: Direction;
}

const NEWEST_FIRST: Sorting = { column: COLUMNS.find(({ key }) => key === "when")!, direction: "descending" };

/** The keys of the table's state in the address bar. */
export const TABLE_KEYS = ["sort", "find", "only_type", "only_optimizer", "page", "selected", "compare"] as const;

/** Sorting, filters, pages and selection of the table of stored models. Needs no DOM. */
export class ModelsTable {
  readonly records: ReadonlySignal<readonly ModelRecord[] | undefined>;
  readonly sorting = signal<Sorting>(NEWEST_FIRST);
  readonly text = signal("");
  readonly type = signal<ModelType | undefined>(undefined);
  readonly optimizer = signal<OptimizerName | undefined>(undefined);
  /** Whether to compare the selected models. */
  readonly comparing = signal(false);
  readonly #page = signal(0);
  readonly #selected = signal<ReadonlySet<string>>(new Set());

  readonly #facets = computed((): Facets => ({ type: this.type.value, optimizer: this.optimizer.value }));
  readonly isFiltered = computed(() => this.text.value.trim() !== "" || !!this.type.value || !!this.optimizer.value);
  readonly #found = computed(() => findByText(this.records.value ?? [], this.text.value));
  /** All models that pass the filters, in order. */
  readonly rows = computed(() => {
    const { column, direction } = this.sorting.value;
    return sortModels(narrowDown(this.#found.value, this.#facets.value), column, direction);
  });

  /** Number of pages. */
  readonly pages = computed(() => Math.max(1, Math.ceil(this.rows.value.length / PAGE_ROWS)));
  /** The page that is shown, from 0. */
  readonly page = computed(() => Math.min(this.#page.value, this.pages.value - 1));
  /** The rows of the page that is shown. */
  readonly shown = computed(() =>
    this.rows.value.slice(this.page.value * PAGE_ROWS, (this.page.value + 1) * PAGE_ROWS)
  );

  /** The selected models that still exist, in the order in which they were selected. */
  readonly selected = computed((): readonly ModelRecord[] => {
    const ids = this.#selected.value;
    if (ids.size === 0) return [];
    const present = new Map((this.records.value ?? []).filter(({ id }) => ids.has(id)).map((each) => [each.id, each]));
    return [...ids].flatMap((id) => present.get(id) ?? []);
  });

  /** Number of models of each type that pass the other filters. */
  readonly typeCounts = computed(() =>
    countBy(
      MODEL_TYPES,
      narrowDown(this.#found.value, { optimizer: this.optimizer.value }),
      (record) => record.model_type,
    )
  );
  /** Number of models of each optimizer that pass the other filters. */
  readonly optimizerCounts = computed(() =>
    countBy(OPTIMIZERS, narrowDown(this.#found.value, { type: this.type.value }), knownOptimizer)
  );

  /** The part of the table's state that the address bar keeps: whatever differs from the initial state. */
  readonly query = computed((): Record<string, string> => {
    const query: Record<string, string> = {};
    const { column, direction } = this.sorting.value;
    if (column !== NEWEST_FIRST.column || direction !== NEWEST_FIRST.direction) {
      query.sort = direction === "ascending" ? column.key : `-${column.key}`;
    }
    if (this.text.value.trim() !== "") query.find = this.text.value.trim();
    if (this.type.value) query.only_type = this.type.value;
    if (this.optimizer.value) query.only_optimizer = this.optimizer.value;
    if (this.page.value > 0) query.page = String(this.page.value + 1);
    // Until the service has listed its models, the ids from the address stay in it.
    const ids = this.records.value === undefined ? [...this.#selected.value] : this.selected.value.map(({ id }) => id);
    if (ids.length > 0 && ids.length <= MAX_IN_ADDRESS) query.selected = ids.join(",");
    if (this.comparing.value) query.compare = "true";
    return query;
  });

  /** `records` is undefined until the service has listed its models. */
  constructor(records: ReadonlySignal<readonly ModelRecord[] | undefined>) {
    this.records = records;
  }

  /** Reads the state from an address, in which it has the keys `TABLE_KEYS`, and ignores invalid parts. */
  read(search: string): void {
    const given = new URLSearchParams(search);
    const sort = given.get("sort") ?? "";
    const column = COLUMNS.find(({ key }) => key === sort.replace("-", ""));
    batch(() => {
      if (column) this.sorting.value = { column, direction: sort.startsWith("-") ? "descending" : "ascending" };
      this.text.value = given.get("find") ?? "";
      this.type.value = MODEL_TYPES.find((name) => name === given.get("only_type"));
      this.optimizer.value = OPTIMIZERS.find((name) => name === given.get("only_optimizer"));
      this.#page.value = Math.max(0, Math.trunc(Number(given.get("page") ?? 1) || 1) - 1);
      this.#selected.value = new Set((given.get("selected") ?? "").split(",").filter(Boolean));
      this.comparing.value = given.get("compare") === "true";
    });
  }

  /** Sorts by `column` in its usual direction, or reverses the direction if the table is already sorted by it. */
  sortBy(column: Column): void {
    const now = this.sorting.value;
    this.sortAs(column, column === now.column ? opposite(now.direction) : column.first);
  }

  /** Sorts by `column` in the given direction. */
  sortAs(column: Column, direction: Direction): void {
    this.sorting.value = { column, direction };
    this.#page.value = 0;
  }

  /** Sets some of the filters. */
  find(wanted: Facets & { text?: string }): void {
    batch(() => {
      if (wanted.text !== undefined) this.text.value = wanted.text;
      if ("type" in wanted) this.type.value = wanted.type;
      if ("optimizer" in wanted) this.optimizer.value = wanted.optimizer;
      this.#page.value = 0;
    });
  }

  /** Clears all filters. */
  showAll(): void {
    this.find({ text: "", type: undefined, optimizer: undefined });
  }

  /** Shows the page `page`, from 0, or the nearest one that exists. */
  turnTo(page: number): void {
    this.#page.value = Math.min(Math.max(0, page), this.pages.value - 1);
  }

  isSelected(id: string): boolean {
    return this.#selected.value.has(id);
  }

  /** Selects or deselects models. */
  select(ids: readonly string[], on: boolean): void {
    const selected = new Set(this.#selected.value);
    for (const id of ids) on ? selected.add(id) : selected.delete(id);
    this.#selected.value = selected;
    // A comparison that has become impossible does not reopen on its own.
    const count = this.selected.value.length;
    if (count < 2 || count > MOST_COMPARED) this.comparing.value = false;
  }

  /** Deselects all models. */
  selectNone(): void {
    this.#selected.value = new Set();
    this.comparing.value = false;
  }
}

/** The other direction. */
export function opposite(direction: Direction): Direction {
  return direction === "ascending" ? "descending" : "ascending";
}

function countBy<K extends string>(
  keys: readonly K[],
  records: readonly ModelRecord[],
  keyOf: (record: ModelRecord) => K | undefined,
): ReadonlyMap<K, number> {
  const counts = new Map(keys.map((key) => [key, 0]));
  for (const record of records) {
    const key = keyOf(record);
    if (key !== undefined) counts.set(key, counts.get(key)! + 1);
  }
  return counts;
}

/** Filters; undefined lets every model pass. */
export interface Facets {
  type?: ModelType;
  optimizer?: OptimizerName;
}

/** The models that have every word of `text` somewhere in their description or id, in the order they came in. */
function findByText(records: readonly ModelRecord[], text: string): readonly ModelRecord[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return records;
  return records.filter((record) => {
    const within = searchText(record);
    return words.every((word) => within.includes(word));
  });
}

/** The models that pass `facets`, in the order they came in. */
function narrowDown(records: readonly ModelRecord[], { type, optimizer }: Facets): readonly ModelRecord[] {
  if (type === undefined && optimizer === undefined) return records;
  return records.filter((record) =>
    (type === undefined || record.model_type === type) &&
    (optimizer === undefined || knownOptimizer(record) === optimizer)
  );
}

/** The optimizer of a model; undefined if it is unknown. */
function knownOptimizer(record: ModelRecord): OptimizerName | undefined {
  return isKnown(record, "optimizer") ? record.optimizer : undefined;
}

/** The models in the order of a column. Equal models keep their order, whatever the direction. */
function sortModels(
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
