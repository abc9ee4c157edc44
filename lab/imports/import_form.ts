/** Reads a request to import a model: the file, and fields that say how it was trained. */
import {
  type FieldKind,
  fieldOf,
  IMPORT_FIELDS,
  isNullText,
  parseJson,
  readValue,
  unknownField,
  ValidationError,
} from "../../protocol/mod.ts";
import type { ImportRequest } from "./import_thread.ts";
import { type FormPart, parseMultipart } from "./multipart.ts";

/** The parts of such a request. */
export interface ImportParts {
  file: Uint8Array;
  /** The file's name in the form. */
  fileName?: string;
  /**
   * Values by field, not yet validated. Fields of the query override those of the form, and these override its
   * `config`.
   */
  fields: Record<string, unknown>;
}

/** The longest text of a field; widths are the longest that there are. */
export const MAX_TEXT = 4096;
const MAX_NAME = 60;

type Fields = ImportParts["fields"];

type ImportField = (typeof IMPORT_FIELDS)[number];

function kindOf(field: ImportField): FieldKind {
  if (field === "overwrite") return "toggle";
  return field === "num_layers" ? "whole" : fieldOf(field).kind;
}

/**
 * Reads a request: either a form with `file` and optionally `config` (a JSON object) or single fields, or the file
 * itself as the body.
 *
 * @throws {ValidationError} for a form that is malformed or lacks the file, an unknown field, or a `config` that is not
 * a JSON object
 */
export function readParts({ body, contentType, query }: ImportRequest): ImportParts {
  requireKnown(Object.keys(query), "query");
  if (!/^multipart\/form-data\b/i.test(contentType)) return { file: body, fields: parseFields(query) };
  const parts = parseMultipart(body, contentType);
  const file = parts.find(({ name }) => name === "file");
  if (file?.fileName === undefined) throw new ValidationError("the form has no file in its field file", "file");
  const config = parts.find(({ name }) => name === "config");
  requireKnown(parts.map(({ name }) => name), "form");
  const texts = parts.filter(({ fileName }) => fileName === undefined).map((part) => [part.name, textOf(part)]);
  const fields = {
    ...config === undefined ? {} : parseConfig(textOf(config)),
    ...parseFields(Object.fromEntries(texts)),
    ...parseFields(query),
  };
  return { file: file.bytes.slice(), fileName: file.fileName || undefined, fields };
}

function textOf({ bytes }: FormPart): string {
  return new TextDecoder().decode(bytes);
}

/** Refuses unknown fields: a mistyped field must not count as one that was left out. */
function requireKnown(names: readonly string[], where: "query" | "form"): void {
  const known: readonly string[] = [...IMPORT_FIELDS, ...where === "form" ? ["file", "config"] : ["token"]];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ValidationError(`in the ${where}: ${unknownField(unknown, IMPORT_FIELDS)}`, unknown.slice(0, MAX_NAME));
}

/**
 * Parses the known fields among `texts`, from a query, a form or a safetensors file. Empty text and `null`
 * mean that the field was left out, except for the widths, where empty text means no hidden layer.
 *
 * @throws {ValidationError} for a text of more than `MAX_TEXT` characters
 */
export function parseFields(texts: Readonly<Record<string, string>>): Fields {
  const isGiven = (field: ImportField) => {
    if (!Object.hasOwn(texts, field)) return false;
    const text = texts[field].trim();
    return text === "" ? field === "hidden_layers_config" : !isNullText(text);
  };
  const given = IMPORT_FIELDS.filter(isGiven);
  const long = given.find((field) => texts[field].length > MAX_TEXT);
  if (long !== undefined) throw new ValidationError(`${long} must have at most ${MAX_TEXT} characters`, long);
  return Object.fromEntries(given.map((field) => [field, parseField(field, texts[field])]));
}

function parseField(field: ImportField, text: string): unknown {
  const kind = kindOf(field);
  if (kind === "choice") return text;
  if (kind === "whole" || kind === "number") {
    const value = readValue(kind, text);
    // Validation will report what the field must be.
    return Number.isNaN(value) ? text : value;
  }
  if (kind === "list" && !text.trim().startsWith("[")) return parseList(text);
  try {
    return parseJson(text, field);
  } catch {
    return text;
  }
}

/** Numbers separated by commas, as in the pages' links. */
function parseList(text: string): unknown[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => /^\s*\d+(\.\d+)?\s*$/.test(part) ? Number(part) : part);
}

function parseConfig(text: string): Fields {
  if (text.length > MAX_TEXT) throw new ValidationError(`config must have at most ${MAX_TEXT} characters`, "config");
  let value: unknown;
  try {
    value = parseJson(text, "config");
  } catch (error) {
    throw error instanceof ValidationError ? new ValidationError(error.message, "config") : error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ValidationError("config must be a JSON object", "config");
  }
  // null means that a field was left out, as in the first message of a training run. An unknown field is refused later.
  const known: readonly string[] = IMPORT_FIELDS;
  return Object.fromEntries(Object.entries(value).filter(([name, value]) => value !== null || !known.includes(name)));
}
