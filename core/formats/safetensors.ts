/**
 * Hugging Face's format for tensors: 8 bytes with the length of a JSON header (little-endian), the header, the numbers. See
 * https://huggingface.co/docs/safetensors
 */
import { concatBytes } from "../bytes.ts";
import type { NamedTensor } from "../models/spec.ts";
import { CheckpointError, quote } from "./errors.ts";
import { ELEMENT_TYPES, type ElementType, IS_LITTLE_ENDIAN } from "./storage.ts";
import { elementCount } from "./strided.ts";

export { CheckpointError } from "./errors.ts";
export { specFromMetadata } from "./spec_from_metadata.ts";

export type Metadata = Record<string, string>;

const LENGTH_BYTES = 8;
/** Models of this lab need about a kilobyte. */
const MAX_HEADER_BYTES = 2 ** 20;
/** Ours have four. */
const MAX_DIMENSIONS = 8;
const METADATA_KEY = "__metadata__";
const ALIGNMENT = 8;

const TYPES: ReadonlyMap<unknown, ElementType> = new Map([
  ["F32", ELEMENT_TYPES.FloatStorage],
  ["F64", ELEMENT_TYPES.DoubleStorage],
  ["F16", ELEMENT_TYPES.HalfStorage],
  ["BF16", ELEMENT_TYPES.BFloat16Storage],
]);

/**
 * A file that the `safetensors` packages open: float32 tensors in the order given, their numbers aligned to 8 bytes.
 *
 * @throws CheckpointError for a name twice, the name `__metadata__`, or a shape that does not fit its data
 */
export function writeSafetensors(tensors: readonly NamedTensor[], metadata: Metadata): Uint8Array<ArrayBuffer> {
  return concatBytes(safetensorsParts(tensors, metadata));
}

/** The same file in parts, the head and each tensor's numbers where they lie, for whoever writes it without another copy. */
export function safetensorsParts(tensors: readonly NamedTensor[], metadata: Metadata): Uint8Array[] {
  const header = new Map<string, unknown>([[METADATA_KEY, metadata]]);
  let end = 0;
  for (const { name, shape, data } of tensors) {
    if (header.has(name)) throw new CheckpointError(`two entries of a safetensors file are named ${quote(name)}`);
    if (elementCount(shape) !== data.length) {
      throw new CheckpointError(`tensor ${quote(name)} of shape [${shape}] has ${data.length} numbers`);
    }
    header.set(name, { dtype: "F32", shape, data_offsets: [end, end += data.byteLength] });
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(start);
  new DataView(head.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  head.set(json, LENGTH_BYTES);
  head.fill(" ".charCodeAt(0), LENGTH_BYTES + json.length);
  // Float32 as it lies in memory, which is little-endian wherever JavaScript runs today.
  return [head, ...tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/**
 * The tensors in the order in which their numbers lie, as float32, and the texts beside them. Reads F32, F64, F16 and BF16.
 *
 * @throws CheckpointError that says what is wrong and where; nothing outside `bytes` is ever touched
 */
export function readSafetensors(bytes: Uint8Array): { tensors: NamedTensor[]; metadata: Metadata } {
  const { header, start } = readHeader(bytes);
  const { [METADATA_KEY]: metadata = {}, ...entries } = header;
  const found = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry)).sort((a, b) =>
    a.from - b.from || a.to - b.to
  );
  let end = 0;
  for (const { name, from, to } of found) {
    if (from !== end) throw new CheckpointError(`tensor ${quote(name)} begins at ${from}, expected at ${end}`);
    end = to;
  }
  if (end !== bytes.length - start) {
    throw new CheckpointError(`the header describes ${end} bytes of numbers, the file has ${bytes.length - start}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end);
  const tensors = found.map(({ name, type, shape, from }) => {
    const whole = type === ELEMENT_TYPES.FloatStorage && copyFloats(view, from, elementCount(shape));
    if (whole) return { name, shape, data: whole };
    const data = new Float32Array(elementCount(shape));
    for (let i = 0; i < data.length; i++) data[i] = type.read(view, from + i * type.size);
    return { name, shape, data };
  });
  return { tensors, metadata: parseMetadata(metadata) };
}

/** Bytes in front of the numbers, as the first 8 of a file tell. */
export function headLength(first: Uint8Array): number {
  if (first.length < LENGTH_BYTES) {
    throw new CheckpointError(
      `not a safetensors file: it has ${first.length} bytes, fewer than the ${LENGTH_BYTES} that begin one`,
    );
  }
  const length = Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      `not a safetensors file: its header would have ${length} bytes, more than ${MAX_HEADER_BYTES}`,
    );
  }
  return LENGTH_BYTES + length;
}

/**
 * The texts of a file of which only the head, as long as `headLength` says, was read.
 *
 * @throws CheckpointError that says what is wrong
 */
export function readMetadata(head: Uint8Array): Metadata {
  return parseMetadata(readHeader(head).header[METADATA_KEY] ?? {});
}

/** `count` float32 from byte `from` of `view` on; undefined where this machine stores them otherwise. */
function copyFloats(view: DataView, from: number, count: number): Float32Array | undefined {
  const start = view.byteOffset + from;
  return IS_LITTLE_ENDIAN ? new Float32Array(view.buffer.slice(start, start + 4 * count) as ArrayBuffer) : undefined;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  const start = headLength(bytes);
  if (start > bytes.length) {
    throw new CheckpointError(`the file is incomplete: its header ends at byte ${start}, the file at ${bytes.length}`);
  }
  const header = parseJson(bytes.subarray(LENGTH_BYTES, start));
  if (!isObject(header)) throw new CheckpointError("the header of the safetensors file is not a JSON object");
  return { header, start };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new CheckpointError("the header of the safetensors file is not valid JSON");
  }
}

interface Entry {
  name: string;
  type: ElementType;
  shape: number[];
  /** Bytes from the end of the header. */
  from: number;
  to: number;
}

function parseEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const type = TYPES.get(dtype);
  if (type === undefined) {
    throw new CheckpointError(
      `tensor ${quote(name)} has the type ${
        quote(typeof dtype === "string" ? dtype : typeof dtype)
      }; it must be one of ${[...TYPES.keys()].join(", ")}`,
    );
  }
  if (!isSizes(shape) || shape.length > MAX_DIMENSIONS) {
    throw new CheckpointError(`tensor ${quote(name)} has no shape of at most ${MAX_DIMENSIONS} whole numbers`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw new CheckpointError(`tensor ${quote(name)} has no data_offsets of two whole numbers`);
  }
  const [from, to] = offsets;
  if (to - from !== elementCount(shape) * type.size) {
    throw new CheckpointError(
      `tensor ${quote(name)} of shape [${shape}] takes ${elementCount(shape) * type.size} bytes, not ${to - from}`,
    );
  }
  return { name, type, shape, from, to };
}

function parseMetadata(metadata: unknown): Metadata {
  const isMetadata = isObject(metadata) && Object.values(metadata).every((value) => typeof value === "string");
  if (!isMetadata) throw new CheckpointError(`${METADATA_KEY} of the safetensors file is not an object of texts`);
  return metadata as Metadata;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
