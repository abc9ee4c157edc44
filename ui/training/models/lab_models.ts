import { computed } from "@preact/signals";
import type { LabConnection } from "../../shared/wire/connection.ts";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { Comparison } from "./comparison.ts";
import { ModelImport } from "./model_import.ts";
import { ModelsTable } from "./models_table.ts";
import { Deletions } from "./deletions.ts";

/** The stored models as the training page lists, compares, removes and takes them in. Knows no DOM. */
export class LabModels {
  readonly deletions: Deletions;
  readonly table: ModelsTable;
  readonly comparison: Comparison;
  readonly bringIn: ModelImport;

  /** Models of the lab that this page shows; undefined until the service has told. */
  readonly count = computed(() => this.deletions.remaining.value?.length);

  constructor(connection: LabConnection, readonly stored: StoredModels) {
    this.deletions = new Deletions(connection, stored);
    this.table = new ModelsTable(this.deletions.remaining);
    this.comparison = new Comparison(connection, this.table.selected, this.table.comparing);
    this.bringIn = new ModelImport(connection, () => stored.refresh(), () => this.deletions.settle());
  }
}
