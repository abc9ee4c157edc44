import { type Zippable, zipSync } from "fflate";

/** One record of an archive. */
export interface ZipRecord {
  name: string;
  data: Uint8Array;
}

/** Bytes of a local header before the name (APPNOTE 4.3.7), and of an extra field before its data. */
const LOCAL_HEADER = 30;
const EXTRA_HEADER = 4;

/** The extra field that PyTorch pads with: the letters FB, little-endian. */
const PADDING_FIELD = 0x4246;
const PADDING_BYTE = 0x5a;

/** Where PyTorch wants the data of a record to start, so that a file can be mapped and its tensors used in place. */
export const RECORD_ALIGNMENT = 64;

/**
 * An uncompressed zip whose records start at multiples of 64 bytes, as PyTorch's own writer lays them out. The bytes
 * depend on the records only: no clock goes in.
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
      // The zip epoch. Zip holds local time, so a local date gives the same bytes in every time zone.
      mtime: new Date(1980, 0, 1),
      extra: { [PADDING_FIELD]: new Uint8Array(padding).fill(PADDING_BYTE) },
    }];
    offset = unpadded + padding + data.length;
  }
  return zipSync(files);
}
