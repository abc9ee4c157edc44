/**
 * Reads a zip whole, trusting nothing in it: every offset is checked, sizes are bounded before anything is inflated,
 * and checksums are compared. (fflate's own `unzipSync` allocates what the file claims and compares no checksum.)
 */
import { inflateSync } from "fflate";
import { crc32 } from "./crc32.ts";
import { CheckpointError, quote } from "./errors.ts";

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
/** Deflate's best: a run of 258 bytes in two bits. */
const MAX_INFLATION = 1032;
/** In a 32-bit field: the value stands in the zip64 extra field. */
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
 * @throws CheckpointError for anything that is not a whole zip within `limits`
 */
export function readZip(bytes: Uint8Array, limits: ZipLimits): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const entry of readEntries(view, bytes, limits)) {
    total += entry.size;
    if (total > limits.bytes) {
      throw new CheckpointError(`the archive unpacks to more than ${limits.bytes} bytes; no model here is that large`);
    }
    if (files.has(entry.name)) throw new CheckpointError(`the archive holds ${quote(entry.name)} twice`);
    files.set(entry.name, unpack(view, bytes, entry));
  }
  return files;
}

function* readEntries(view: DataView, bytes: Uint8Array, limits: ZipLimits): Generator<Entry> {
  const directory = findDirectory(view);
  if (directory.entries > limits.entries) {
    throw new CheckpointError(`the archive claims ${directory.entries} entries; at most ${limits.entries} are read`);
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
  if (flags & ENCRYPTED_FLAG) throw new CheckpointError(`${quote(name)} in the archive is encrypted`);
  if (method === STORED) return packed;
  if (method !== DEFLATED) {
    throw new CheckpointError(
      `${quote(name)} is compressed by method ${method}; only stored and deflated entries are read`,
    );
  }
  if (size > packed.length * MAX_INFLATION) throw damaged(`${quote(name)} claims to inflate to ${size} bytes`);
  try {
    // A buffer given to fflate is never grown: what does not fit is cut, and the checksum tells.
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

function damaged(detail: string): CheckpointError {
  return new CheckpointError(`the file is damaged or cut short: ${detail}`);
}
