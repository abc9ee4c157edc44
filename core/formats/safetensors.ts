/**
 * Hugging Face's format for tensors: 8 bytes with the length of a JSON header (little-endian), the header, the numbers.
 * See https://huggingface.co/docs/safetensors
 */
import { concatBytes } from "../bytes.ts";
import type { NamedTensor } from "../models/spec.ts";
import { sizeOf } from "../shape.ts";
import { BFLOAT16, type ElementType, FLOAT16, FLOAT32, FLOAT64, floatBytes, readFloats } from "./element_types.ts";
import { ModelFileError, quote } from "./errors.ts";

/** The texts that a file carries besides its tensors. */
export type Metadata = Record<string, string>;

const LENGTH_BYTES = 8;
/** A model of this lab needs about a kilobyte, but other programs add long texts. */
const MAX_HEADER_BYTES = 2 ** 24;
/** The most values in the header, of which a tensor has about five, and a text one, however long it is. */
const MAX_HEADER_VALUES = 2 ** 20;
/** Tensors of this lab have at most four. */
const MAX_DIMENSIONS = 8;
const METADATA_KEY = "__metadata__";
const ALIGNMENT = 8;

const TYPES: ReadonlyMap<unknown, ElementType> = new Map([
  ["F32", FLOAT32],
  ["F64", FLOAT64],
  ["F16", FLOAT16],
  ["BF16", BFLOAT16],
]);

/** Bytes per number of other types. Tensors of these types are not weights but counters, masks or random states. */
const OTHER_TYPES: ReadonlyMap<unknown, number> = new Map(
  Object.entries({
    BOOL: 1,
    U8: 1,
    I8: 1,
    F8_E4M3: 1,
    F8_E5M2: 1,
    U16: 2,
    I16: 2,
    U32: 4,
    I32: 4,
    U64: 8,
    I64: 8,
    C64: 8,
  }),
);

/**
 * Writes a file that the `safetensors` packages can open: float32 tensors in the given order, their numbers aligned to
 * 8 bytes.
 *
 * @throws {ModelFileError} for a duplicate name, the name `__metadata__`, or a shape that does not fit its data
 */
export function writeSafetensors(tensors: readonly NamedTensor[], metadata: Metadata): Uint8Array<ArrayBuffer> {
  return concatBytes(safetensorsParts(tensors, metadata));
}

/** The length of that file in bytes. */
export function safetensorsLength(tensors: readonly NamedTensor[], metadata: Metadata): number {
  return safetensorsParts(tensors, metadata).reduce((sum, { length }) => sum + length, 0);
}

/** The same file in parts, to be written without a copy: the head, then views of each tensor's numbers. */
export function safetensorsParts(tensors: readonly NamedTensor[], metadata: Metadata): Uint8Array[] {
  const header = new Map<string, unknown>([[METADATA_KEY, metadata]]);
  let end = 0;
  for (const { name, shape, data } of tensors) {
    if (header.has(name)) throw new ModelFileError(`two entries of a safetensors file are named ${quote(name)}`);
    if (sizeOf(shape) !== data.length) {
      throw new ModelFileError(`tensor ${quote(name)} of shape [${shape}] has ${data.length} numbers`);
    }
    header.set(name, { dtype: "F32", shape, data_offsets: [end, end += data.byteLength] });
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(start);
  new DataView(head.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  head.set(json, LENGTH_BYTES);
  head.fill(" ".charCodeAt(0), LENGTH_BYTES + json.length);
  return [head, ...tensors.map(({ data }) => floatBytes(data))];
}

/**
 * The tensors in the order of their numbers, as float32, and the metadata. Reads F32, F64, F16 and BF16; tensors of
 * other types, and metadata that are not texts, are left out.
 *
 * @throws {ModelFileError} that says what is wrong and where; nothing outside `bytes` is ever touched
 */
export function readSafetensors(bytes: Uint8Array): { tensors: NamedTensor[]; metadata: Metadata } {
  const { header, start } = readHeader(bytes);
  const { [METADATA_KEY]: metadata, ...entries } = header;
  requireFloats(entries);
  const found = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry)).sort((a, b) =>
    a.from - b.from || a.to - b.to
  );
  let end = 0;
  for (const { name, from, to } of found) {
    if (from !== end) throw new ModelFileError(`tensor ${quote(name)} begins at ${from}, expected at ${end}`);
    end = to;
  }
  if (end !== bytes.length - start) {
    throw new ModelFileError(`the header describes ${end} bytes of numbers, the file has ${bytes.length - start}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end);
  const tensors = found.flatMap(({ name, type, shape, from }) =>
    type === undefined ? [] : [{ name, shape, data: readFloats(type, view, from, sizeOf(shape)) }]
  );
  return { tensors, metadata: textsIn(metadata) };
}

/**
 * Bytes before the numbers.
 *
 * @param first at least the first 8 bytes of the file
 * @throws {ModelFileError} when that cannot be the beginning of a model's file
 */
export function headLength(first: Uint8Array): number {
  if (first.length < LENGTH_BYTES) {
    throw new ModelFileError(
      `not a safetensors file: it has ${first.length} bytes, fewer than the ${LENGTH_BYTES} that begin one`,
    );
  }
  const length = Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new ModelFileError(
      `not a safetensors file: its header would have ${length} bytes, more than ${MAX_HEADER_BYTES}`,
    );
  }
  return LENGTH_BYTES + length;
}

/**
 * The metadata of a file.
 *
 * @param head the first `headLength` bytes; the rest is not needed
 * @throws {ModelFileError} that says what is wrong
 */
export function readMetadata(head: Uint8Array): Metadata {
  return textsIn(readHeader(head).header[METADATA_KEY]);
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  const start = headLength(bytes);
  if (start > bytes.length) {
    throw new ModelFileError(`the file is incomplete: its header ends at byte ${start}, the file at ${bytes.length}`);
  }
  const header = parseJson(bytes.subarray(LENGTH_BYTES, start));
  if (!isObject(header)) throw new ModelFileError("the header of the safetensors file is not a JSON object");
  return { header, start };
}

function parseJson(bytes: Uint8Array): unknown {
  // A few bytes can make dozens of values, which take memory.
  if (countValues(bytes) > MAX_HEADER_VALUES) {
    throw new ModelFileError(`the header of the safetensors file has more than ${MAX_HEADER_VALUES} values`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ModelFileError("the header of the safetensors file is not valid JSON");
  }
}

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, OPEN_OBJECT] = new TextEncoder().encode('"\\,[{');

/** The number of values in JSON, if it is valid; roughly twice as many if all its lists have one. */
function countValues(json: Uint8Array): number {
  let count = 1, isText = false;
  for (let at = 0; at < json.length; at++) {
    const code = json[at];
    if (code === QUOTE) isText = !isText;
    else if (isText) at += Number(code === BACKSLASH);
    else if (code === COMMA || code === OPEN_LIST || code === OPEN_OBJECT) count++;
  }
  return count;
}

interface Entry {
  name: string;
  /** Undefined for a tensor that is left out. */
  type: ElementType | undefined;
  shape: number[];
  /** Bytes from the end of the header. */
  from: number;
  to: number;
}

function parseEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const type = TYPES.get(dtype), size = type?.size ?? OTHER_TYPES.get(dtype);
  if (size === undefined) throw wrongType(name, dtype);
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) {
    throw new ModelFileError(`tensor ${quote(name)} has no shape of at most ${MAX_DIMENSIONS} whole numbers`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw new ModelFileError(`tensor ${quote(name)} has no data_offsets of two whole numbers`);
  }
  const [from, to] = offsets;
  if (to - from !== sizeOf(shape) * size) {
    throw new ModelFileError(
      `tensor ${quote(name)} of shape [${shape}] takes ${sizeOf(shape) * size} bytes, not ${to - from}`,
    );
  }
  return { name, type, shape, from, to };
}

function wrongType(name: string, dtype: unknown): ModelFileError {
  const found = quote(typeof dtype === "string" ? dtype : typeof dtype);
  return new ModelFileError(
    `tensor ${quote(name)} has the type ${found}; it must be one of ${[...TYPES.keys()].join(", ")}`,
  );
}

/** @throws {ModelFileError} if all tensors are of other types */
function requireFloats(entries: Record<string, unknown>): void {
  const types = Object.entries(entries).map(([name, entry]) =>
    [name, isObject(entry) ? entry.dtype : undefined] as const
  );
  if (types.length > 0 && types.every(([, dtype]) => OTHER_TYPES.has(dtype))) throw wrongType(...types[0]);
}

function textsIn(metadata: unknown): Metadata {
  if (!isObject(metadata)) return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
