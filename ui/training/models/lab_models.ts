import { computed } from "@preact/signals";
import type { LabConnection } from "../../shared/wire/connection.ts";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { Comparison } from "./comparison.ts";
import { Deletions } from "./deletions.ts";
import { ModelImport } from "./model_import.ts";
import { ModelsTable } from "./models_table.ts";

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
