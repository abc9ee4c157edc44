/** The text of `models_metadata.json`: a JSON array of records, written by this lab or by another program. */
import * as v from "valibot";
import { type ModelRecord, ModelRecordSchema } from "../protocol/mod.ts";
import { RegistryError } from "./errors.ts";
import { findJsonFault } from "./json_fault.ts";

/** One element of the array as it stands in the file, whether this lab understands it or not. */
export type Entry = unknown;

/** The TC39 proposal "JSON.parse source text access", which TypeScript's library does not list yet. */
interface SourceTextJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}
const sourceTextJson = JSON as unknown as SourceTextJson;

/**
 * The records that this lab understands, newest first; of the same second, the later entry first. Others are left out.
 *
 * @param path names the file in errors
 * @throws RegistryError when the text is not a JSON array
 */
export function parseRecords(text: string, path: string): ModelRecord[] {
  const records: ModelRecord[] = [];
  for (const entry of parseArray(text, path, JSON.parse)) {
    const result = v.safeParse(ModelRecordSchema, entry, { abortEarly: true });
    if (result.success) records.push(result.output);
  }
  return records.reverse().sort((a, b) => b.timestamp - a.timestamp);
}

/**
 * All entries, to be changed and written again by `formatEntries`. Numbers that JavaScript would write in another way
 * (64-bit integers, `1.0`) keep their text, so an entry that is not touched means the same afterwards.
 *
 * @throws RegistryError when the text is not a JSON array
 */
export function parseEntries(text: string, path: string): Entry[] {
  return parseArray(text, path, (text) =>
    sourceTextJson.parse(text, (_key, value, { source }) => {
      const isAltered = typeof value === "number" && source !== undefined && String(value) !== source;
      return isAltered ? sourceTextJson.rawJSON(source) : value;
    }));
}

export function formatEntries(entries: readonly Entry[]): string {
  return `${JSON.stringify(entries, null, 2)}\n`;
}

/** The text field `name` of an entry, if it has one. */
export function textField(entry: Entry, name: "id" | "filename"): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const value: unknown = Reflect.get(entry, name);
  return typeof value === "string" ? value : undefined;
}

/** What the lab itself says of a model: these fields describe one training or one file, so none outlives it. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(ModelRecordSchema.entries),
  "seed",
  "device",
  "run_id",
  "started_from",
  "imported",
  "source",
]);

/** `record` as the entry that takes the place of `old`: with the fields of `old` that this lab does not know. */
export function succeed(old: Entry, record: ModelRecord): Entry {
  const kept = Object.entries(old ?? {}).filter(([field]) => !OWN_FIELDS.has(field) && !(field in record));
  return { ...record, ...Object.fromEntries(kept) };
}

function parseArray(text: string, path: string, parse: (text: string) => unknown): unknown[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    const { line, column, offset, what } = findJsonFault(text);
    throw damaged(path, `is not valid JSON: ${what} at line ${line}, column ${column} (offset ${offset})`);
  }
  if (!Array.isArray(value)) throw damaged(path, "holds something else than a JSON array of records");
  return value;
}

function damaged(path: string, what: string): RegistryError {
  return new RegistryError(
    `${path} ${what}. Nothing was changed: mend the file, or move it away to start with an empty list`,
  );
}
