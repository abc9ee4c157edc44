/** `mnist-lab models` and `mnist-lab export`: what is stored, and a file of it. */
import { writeOnnx } from "../core/formats/onnx/writer.ts";
import { writeSafetensors } from "../core/formats/safetensors.ts";
import type { ModelRecord } from "../protocol/mod.ts";
import { Registry, specOf } from "../lab/models/mod.ts";
import { textsOf } from "../service/model_routes.ts";
import type { Settings } from "../service/settings.ts";
import { type ExportFormat, UsageError } from "./arguments.ts";

/** Newest first. */
export async function listModels({ modelsDir }: Settings): Promise<ModelRecord[]> {
  return await (await Registry.open(modelsDir)).list();
}

const COLUMNS: readonly [title: string, text: (record: ModelRecord) => string][] = [
  ["id", ({ id }) => id],
  ["accuracy", ({ accuracy }) => `${accuracy.toFixed(2)} %`],
  ["hidden layers", ({ hidden_layers_config }) => hidden_layers_config.join(",") || "none"],
  ["learning rate", ({ learning_rate }) => String(learning_rate)],
  ["batch", ({ batch_size }) => String(batch_size)],
  ["epochs", ({ num_epochs }) => String(num_epochs)],
  ["dropout", ({ use_dropout, dropout_p }) => use_dropout ? String(dropout_p) : "no"],
];

/** A table with a line for each model. */
export function modelTable(records: readonly ModelRecord[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...records.map((record) => COLUMNS.map(([, text]) => text(record)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}

/** The bytes of the model `id` as a file of `format`. Throws a `UsageError` where there is no such model. */
export async function exportModel({ modelsDir }: Settings, id: string, format: ExportFormat): Promise<Uint8Array> {
  const registry = await Registry.open(modelsDir);
  const record = await registry.get(id);
  if (record === undefined) {
    throw new UsageError(`There is no model "${id}" in ${modelsDir}; mnist-lab models lists them.`);
  }
  switch (format) {
    case "pth":
      return await registry.readCheckpoint(record);
    case "safetensors":
      return writeSafetensors(await registry.readWeights(record), textsOf(record));
    case "onnx":
      return writeOnnx(specOf(record), await registry.readWeights(record), textsOf(record));
  }
}
