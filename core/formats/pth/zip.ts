/**
 * Zip archives as PyTorch writes them. The reader trusts nothing: every offset is checked, sizes are limited before
 * anything is inflated, and checksums are compared. (fflate's own `unzipSync` allocates what the file claims and does
 * not compare checksums.)
 */
import { inflateSync, type Zippable, zipSync } from "fflate";
import { ModelFileError, quote } from "../errors.ts";

/** Limits for an archive. */
export interface ZipLimits {
  entries: number;
  /** Bytes of all entries together once inflated. */
  bytes: number;
}

const END = 0x06054b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
const END64 = 0x06064b50;
const END64_SIZE = 56;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_SIZE = 20;
const ENTRY = 0x02014b50;
const ENTRY_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const ENCRYPTED_FLAG = 1;
const STORED = 0;
const DEFLATED = 8;
/** The most bytes that deflate can make of one: a run of 258 bytes takes two bits. */
const MAX_INFLATION = 1032;
/** In a 32-bit field, says that the value is in the zip64 extra field. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;

interface Directory {
  offset: number;
  entries: number;
}

interface Entry {
  name: string;
  flags: number;
  method: number;
  crc: number;
  packedSize: number;
  size: number;
  localOffset: number;
}

/**
 * The entries of `bytes` by name. Stored entries are views of `bytes`, not copies.
 *
 * @throws {ModelFileError} for anything that is not a whole zip within `limits`
 */
export function readZip(bytes: Uint8Array, limits: ZipLimits): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const entry of readEntries(view, bytes, limits)) {
    total += entry.size;
    if (total > limits.bytes) {
      throw new ModelFileError(`the archive unpacks to more than ${limits.bytes} bytes; no model here is that large`);
    }
    if (files.has(entry.name)) throw new ModelFileError(`the archive holds ${quote(entry.name)} twice`);
    files.set(entry.name, unpack(view, bytes, entry));
  }
  return files;
}

function* readEntries(view: DataView, bytes: Uint8Array, limits: ZipLimits): Generator<Entry> {
  const directory = findDirectory(view);
  if (directory.entries > limits.entries) {
    throw new ModelFileError(`the archive claims ${directory.entries} entries; at most ${limits.entries} are read`);
  }
  const decoder = new TextDecoder();
  let at = directory.offset;
  for (let i = 0; i < directory.entries; i++) {
    requireRoom(bytes, at, ENTRY_SIZE, `entry ${i} of the archive's directory`);
    if (view.getUint32(at, true) !== ENTRY) throw damaged(`its directory has no entry at byte ${at}`);
    const nameSize = view.getUint16(at + 28, true);
    const extraSize = view.getUint16(at + 30, true);
    const commentSize = view.getUint16(at + 32, true);
    const extraAt = at + ENTRY_SIZE + nameSize;
    requireRoom(bytes, at, ENTRY_SIZE + nameSize + extraSize, `entry ${i} of the archive's directory`);
    const zip64 = zip64Numbers(view, extraAt, extraSize);
    const wide = (value: number) => value === IN_ZIP64 ? zip64.next().value ?? value : value;
    // The zip64 field holds only the numbers that did not fit, in this order (APPNOTE 4.5.3).
    const size = wide(view.getUint32(at + 24, true));
    const packedSize = wide(view.getUint32(at + 20, true));
    const localOffset = wide(view.getUint32(at + 42, true));
    yield {
      name: decoder.decode(bytes.subarray(at + ENTRY_SIZE, extraAt)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize,
      size,
      localOffset,
    };
    at = extraAt + extraSize + commentSize;
  }
}

function findDirectory(view: DataView): Directory {
  const last = view.byteLength - END_SIZE;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END) continue;
    return findDirectory64(view, at - END64_LOCATOR_SIZE) ??
      { entries: view.getUint16(at + 10, true), offset: view.getUint32(at + 16, true) };
  }
  throw damaged("the directory at its end is missing");
}

function findDirectory64(view: DataView, locatorAt: number): Directory | undefined {
  if (locatorAt < 0 || view.getUint32(locatorAt, true) !== END64_LOCATOR) return undefined;
  const at = Number(view.getBigUint64(locatorAt + 8, true));
  if (at + END64_SIZE > view.byteLength || view.getUint32(at, true) !== END64) {
    throw damaged("its zip64 directory is not where the file says");
  }
  return { entries: Number(view.getBigUint64(at + 32, true)), offset: Number(view.getBigUint64(at + 48, true)) };
}

function* zip64Numbers(view: DataView, extraAt: number, extraSize: number): Generator<number, undefined> {
  const end = extraAt + extraSize;
  for (let at = extraAt; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64_FIELD) continue;
    const fieldEnd = Math.min(end, at + 4 + view.getUint16(at + 2, true));
    for (let number = at + 4; number + 8 <= fieldEnd; number += 8) yield Number(view.getBigUint64(number, true));
    return;
  }
}

function unpack(view: DataView, bytes: Uint8Array, entry: Entry): Uint8Array {
  const { name, localOffset, packedSize, size } = entry;
  requireRoom(bytes, localOffset, LOCAL_SIZE, quote(name));
  if (view.getUint32(localOffset, true) !== LOCAL) throw damaged(`${quote(name)} is not at byte ${localOffset}`);
  const dataAt = localOffset + LOCAL_SIZE + view.getUint16(localOffset + 26, true) +
    view.getUint16(localOffset + 28, true);
  requireRoom(bytes, dataAt, packedSize, quote(name));
  const data = decompress(entry, bytes.subarray(dataAt, dataAt + packedSize));
  if (data.length !== size) throw damaged(`${quote(name)} has ${data.length} bytes instead of ${size}`);
  if (crc32(data) !== entry.crc) throw damaged(`the checksum of ${quote(name)} is wrong`);
  return data;
}

function decompress({ name, flags, method, size }: Entry, packed: Uint8Array): Uint8Array {
  if (flags & ENCRYPTED_FLAG) throw new ModelFileError(`${quote(name)} in the archive is encrypted`);
  if (method === STORED) return packed;
  if (method !== DEFLATED) {
    throw new ModelFileError(
      `${quote(name)} is compressed by method ${method}; only stored and deflated entries are read`,
    );
  }
  if (size > packed.length * MAX_INFLATION) throw damaged(`${quote(name)} claims to inflate to ${size} bytes`);
  try {
    // fflate never grows a buffer it is given: data that does not fit is cut off, and the checksum reveals it.
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch {
    throw damaged(`${quote(name)} does not inflate`);
  }
}

function requireRoom(bytes: Uint8Array, offset: number, size: number, what: string): void {
  if (offset + size > bytes.length) {
    throw damaged(`${what} reaches to byte ${offset + size}, but the file ends at ${bytes.length}`);
  }
}

function damaged(detail: string): ModelFileError {
  return new ModelFileError(`the file is damaged or cut short: ${detail}`);
}

/** A file in an archive. */
export interface ZipRecord {
  name: string;
  data: Uint8Array;
}

/** Bytes of a local header before the name (APPNOTE 4.3.7), and of an extra field before its data. */
const LOCAL_HEADER = 30;
const EXTRA_HEADER = 4;

/** The extra field that PyTorch uses for padding: the letters FB, little-endian. */
const PADDING_FIELD = 0x4246;
const PADDING_BYTE = 0x5a;

/** Bytes to which PyTorch aligns the data of a record, so that tensors can be used in a memory-mapped file. */
export const RECORD_ALIGNMENT = 64;

/**
 * An uncompressed zip whose records start at multiples of 64 bytes, like PyTorch's own. The same records give the same
 * bytes: there is no timestamp.
 */
export function writeZip(records: readonly ZipRecord[]): Uint8Array<ArrayBuffer> {
  const files: Zippable = {};
  const encoder = new TextEncoder();
  let offset = 0;
  for (const { name, data } of records) {
    const unpadded = offset + LOCAL_HEADER + encoder.encode(name).length + EXTRA_HEADER;
    const padding = (RECORD_ALIGNMENT - unpadded % RECORD_ALIGNMENT) % RECORD_ALIGNMENT;
    files[name] = [data, {
      level: 0,
      // The zip epoch. Zip stores local time, so a local date gives the same bytes in every time zone.
      mtime: new Date(1980, 0, 1),
      extra: { [PADDING_FIELD]: new Uint8Array(padding).fill(PADDING_BYTE) },
    }];
    offset = unpadded + padding + data.length;
  }
  return zipSync(files);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

/** CRC-32 as zip uses it (ISO 3309, reflected polynomial 0xEDB88320), as a uint32. */
export function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) rest = CRC_TABLE[(rest ^ bytes[i]) & 0xff] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}
