/** The text of `models_metadata.json`: a JSON array of records, written by this lab or by another program. */
import * as v from "valibot";
import {
  misfitOfConvolutions,
  type ModelRecord,
  ModelRecordSchema,
  parseLenientJson,
  replacePythonNumbers,
  validate,
} from "../../../protocol/mod.ts";
import { DamagedMetadataError } from "../errors.ts";
import { findJsonFault, splitArray } from "./json.ts";

/** One element of the array, whether this lab understands it or not. */
export interface Entry {
  /** The entry's text in the file, so that an untouched entry is written back unchanged. */
  readonly text: string;
  readonly id?: string;
  readonly filename?: string;
  /** The record that this lab reads from it; undefined if it is not a model. */
  readonly record?: ModelRecord;
}

/** The TC39 proposal "JSON.parse source text access", which TypeScript's library does not list yet. */
interface SourceTextJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}
const sourceTextJson = JSON as unknown as SourceTextJson;

/**
 * Parses all entries, in the order of the file.
 *
 * @param path names the file in errors
 * @param known entries read before; those that are unchanged in `text` keep their record objects
 * @throws {DamagedMetadataError} when the text is not a JSON array, apart from Python's `NaN` and `Infinity`
 */
export function parseEntries(text: string, path: string, known: readonly Entry[] = []): Entry[] {
  const byText = new Map(known.map((entry) => [entry.text, entry]));
  try {
    const elements = splitArray(text, known.map(({ text }) => text));
    // Not the equal old text, because it is a slice and would keep the old file in memory.
    if (elements) return elements.map((text) => ({ ...(byText.get(text) ?? parseEntry(text)), text }));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged(text, path);
}

/** The records among `entries`, newest first; within the same second, the later entry first. */
export function recordsOf(entries: readonly Entry[]): ModelRecord[] {
  const records = entries.map(({ record }) => record).filter((record) => record !== undefined);
  return records.reverse().sort((a, b) => b.timestamp - a.timestamp);
}

/** Says how many of `entries` are not models of this lab, and why the first is not; undefined if all are. */
export function describeStrangers(entries: readonly Entry[], path: string): string | undefined {
  const first = entries.findIndex(({ record }) => record === undefined);
  if (first < 0) return undefined;
  const count = entries.filter(({ record }) => record === undefined).length;
  const what = count === 1 ? "1 entry that is no model" : `${count} entries that are no models`;
  const who = entries[first].id === undefined ? "" : `, ${JSON.stringify(entries[first].id.slice(0, 80))}`;
  return `${path} has ${what} (the first is number ${first + 1} of ${entries.length}${who}: ` +
    `${reasonAgainst(entries[first].text)}); left as found, and not listed`;
}

/** Why an entry is not a model. */
function reasonAgainst(text: string): string {
  try {
    const record = validate(ModelRecordSchema, parseLenientJson(text), "it");
    const found = misfitOfConvolutions(record);
    return found === undefined ? "reason unknown" : `its ${found.name} ${found.why}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The text of the file, indented by two spaces. Numbers keep their spelling (64-bit integers, `1.0`, Python's `NaN`).
 * An entry that is not a model keeps every byte, unless it is all on one line.
 */
export function formatEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return "[]\n";
  const isKept = ({ text, record }: Entry) => isIndented(text) || (record === undefined && text.includes("\n"));
  const textOf = (entry: Entry) => isKept(entry) ? entry.text : indented(parseExactly(entry.text));
  return `[\n  ${entries.map(textOf).join(",\n  ")}\n]\n`;
}

/** Makes an entry for a record of this lab. */
export function entryOf(record: ModelRecord): Entry {
  return { text: indented(record), id: record.id, filename: record.filename, record };
}

/** Fields that this lab writes. They describe one training run or one file, so a replacement does not inherit them. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(ModelRecordSchema.entries),
  "seed",
  "device",
  "run_id",
  "started_from",
  "imported",
  "assumed",
  "assumed_order",
  "assumed_state_dict",
  "source",
]);

/** The entry of a `record` that replaces `old`: it keeps the fields of `old` that this lab does not know. */
export function succeed(old: Entry, record: ModelRecord): Entry {
  const fields = Object.entries(parseExactly(old.text) ?? {});
  const kept = fields.filter(([field]) => !OWN_FIELDS.has(field) && !(field in record));
  return parseEntry(indented({ ...record, ...Object.fromEntries(kept) }));
}

function parseEntry(text: string): Entry {
  const value = parseLenientJson(text);
  const result = v.safeParse(ModelRecordSchema, value, { abortEarly: true });
  const record = result.success && misfitOfConvolutions(result.output) === undefined ? result.output : undefined;
  return { text, id: textField(value, "id"), filename: textField(value, "filename"), record };
}

function textField(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === "string" ? field : undefined;
}

/** Marks a number that JSON lacks, so that `indented` writes it in its original form. */
const PYTHON_MARK = "\u0000python:";

/** Parses `text` so that `indented` writes its numbers in their original form. */
function parseExactly(text: string): unknown {
  const json = replacePythonNumbers(text, (token) => JSON.stringify(PYTHON_MARK + token));
  return sourceTextJson.parse(json, (_key, value, { source }) => {
    const isAltered = typeof value === "number" && source !== undefined && String(value) !== source;
    return isAltered ? sourceTextJson.rawJSON(source) : value;
  });
}

/** JSON as an element of an indented array. (Line breaks inside strings are escapes.) */
function indented(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll("\n", "\n  ").replaceAll(/"\\u0000python:([^"]*)"/g, "$1");
}

/**
 * Checks only the first line, because programs indent an entry throughout or not at all. Most entries need no parsing.
 */
function isIndented(text: string): boolean {
  return /^(?:[^[{]|[[{]\n {4}\S|\[\]$|\{\}$)/.test(text);
}

function damaged(text: string, path: string): DamagedMetadataError {
  // Of the same length, so that the fault is found at its position.
  const json = replacePythonNumbers(text, (token) => token.replaceAll(/\w/g, "1"));
  try {
    JSON.parse(json);
  } catch {
    const { line, column, offset, what } = findJsonFault(json);
    const bytes = new TextEncoder().encode(text.slice(0, offset)).length;
    return new DamagedMetadataError(
      path,
      `is not valid JSON: ${what} at line ${line}, column ${column} (offset ${bytes})`,
    );
  }
  return new DamagedMetadataError(path, "holds something else than a JSON array of records");
}

/**
 * Decodes `bytes`, or finds the offset of the first fault, which is their length if the last character is incomplete.
 */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { fault: number } {
  const text = tryDecode(bytes, false);
  return text === undefined ? { fault: faultOf(bytes) } : { text };
}

/** Bisects: a prefix, which may end inside a character, can be decoded exactly as long as it contains no fault. */
function faultOf(bytes: Uint8Array): number {
  let good = 0, bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (tryDecode(bytes.subarray(0, middle), true) === undefined) bad = middle;
    else good = middle;
  }
  return good;
}

function tryDecode(bytes: Uint8Array, mayEndInside: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: mayEndInside });
  } catch {
    return undefined;
  }
}
