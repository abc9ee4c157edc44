/** `mnist-lab models` lists the stored models, and `mnist-lab export` writes one as a file. */
import { writeOnnx } from "../core/formats/onnx/writer.ts";
import { writeSafetensors } from "../core/formats/safetensors.ts";
import { type FieldName, fieldOf, MAIN_SETTINGS, type ModelRecord, showSetting } from "../protocol/mod.ts";
import { specOf } from "../lab/models/mod.ts";
import { textsOf } from "../service/http/model_routes.ts";
import type { Settings } from "../service/process/settings.ts";
import { type ExportFormat, UsageError } from "./arguments.ts";
import { openRegistry } from "../service/files/open_registry.ts";

/** The records of all stored models, newest first. */
export async function listModels({ modelsDir }: Settings): Promise<ModelRecord[]> {
  return await (await openRegistry(modelsDir)).list();
}

type Column = [title: string, text: (record: ModelRecord) => string];

/** Settings that a model's id already shows. */
const IN_ID: readonly FieldName[] = ["model_type", "optimizer"];

const COLUMNS: readonly Column[] = [
  ["id", ({ id }) => id],
  ["accuracy", ({ accuracy }) => `${accuracy.toFixed(2)} %`],
  ...MAIN_SETTINGS.filter((name) => !IN_ID.includes(name)).map((name): Column => [
    fieldOf(name).label.toLowerCase(),
    (record) => showSetting(record, name).replaceAll(", ", ","),
  ]),
];

/** A table with a line for each model. */
export function modelTable(records: readonly ModelRecord[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...records.map((record) => COLUMNS.map(([, text]) => text(record)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}

/**
 * The bytes of the model `id` as a file of `format`.
 *
 * @throws {UsageError} if there is no such model
 */
export async function exportModel({ modelsDir }: Settings, id: string, format: ExportFormat): Promise<Uint8Array> {
  const registry = await openRegistry(modelsDir);
  const record = await registry.get(id);
  if (record === undefined) {
    throw new UsageError(`There is no model "${id}" in ${modelsDir}; mnist-lab models lists them.`);
  }
  switch (format) {
    case "pth":
      return await registry.readPth(record);
    case "safetensors":
      return writeSafetensors(await registry.readWeights(record), textsOf(record));
    case "onnx":
      return writeOnnx(specOf(record), await registry.readWeights(record), textsOf(record));
  }
}
