/**
 * Reads IDX, the file format of MNIST (Y. LeCun, "The MNIST database of handwritten digits"): a big-endian header, then
 * bytes.
 */
import { CLASSES, IMAGE_PIXELS, IMAGE_SIDE } from "../models/spec.ts";

/** Digits in the order of their files. */
export interface DigitSet {
  count: number;
  /** `count * 784` bytes, ink 255 on paper 0. */
  images: Uint8Array;
  /** `count` bytes from 0 to 9. */
  labels: Uint8Array;
}

/** The digits that a model learns from, and those that it is scored on. */
export interface Dataset {
  train: DigitSet;
  test: DigitSet;
}

/** The four files of a dataset as MNIST and its drop-in replacements name them. */
export const DATASET_FILES = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

/** What an IDX file holds. */
export type IdxKind = "images" | "labels";

interface Format {
  magic: number;
  /** Expected 32-bit words after the count. */
  words: readonly { name: string; value: number }[];
  itemBytes: number;
}

const FORMATS: Readonly<Record<IdxKind, Format>> = {
  images: {
    magic: 0x00000803,
    words: [{ name: "rows", value: IMAGE_SIDE }, { name: "columns", value: IMAGE_SIDE }],
    itemBytes: IMAGE_PIXELS,
  },
  labels: { magic: 0x00000801, words: [], itemBytes: 1 },
};

/** A malformed file. The message names the file, the offset in bytes and what was expected there. */
export class IdxError extends Error {
  override name = "IdxError";
  constructor(readonly file: string, readonly offset: number, expectation: string) {
    super(`${file}: at byte ${offset}: expected ${expectation}`);
  }
}

/** Bytes before the data: 16 for images, 8 for labels. */
export function headerBytes(kind: IdxKind): number {
  return 8 + 4 * FORMATS[kind].words.length;
}

/** Length in bytes of a file with `count` images or labels. */
export function fileBytes(kind: IdxKind, count: number): number {
  return headerBytes(kind) + count * FORMATS[kind].itemBytes;
}

/**
 * The number of images or labels according to a file's header.
 *
 * @param start the beginning of the file, at least `headerBytes(kind)` long unless the file itself is shorter
 * @throws {IdxError} naming `file` when the header is not that of 28×28 images or of labels
 */
export function parseHeader(kind: IdxKind, start: Uint8Array, file: string): number {
  const { magic, words } = FORMATS[kind];
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const word = (offset: number, expectation: string) => {
    if (view.byteLength < offset + 4) throw new IdxError(file, offset, `${expectation}, found the end of the file`);
    return view.getUint32(offset);
  };
  const expectMagic = `the magic number ${hex(magic)} of ${kind}`;
  const foundMagic = word(0, expectMagic);
  if (foundMagic !== magic) throw new IdxError(file, 0, `${expectMagic}, found ${hex(foundMagic)}`);
  const expectCount = `the number of ${kind}`;
  const count = word(4, expectCount);
  if (count === 0) throw new IdxError(file, 4, `${expectCount}, found 0`);
  words.forEach(({ name, value }, i) => {
    const offset = 8 + 4 * i;
    const found = word(offset, `${value} ${name}`);
    if (found !== value) throw new IdxError(file, offset, `${value} ${name}, found ${found}`);
  });
  return count;
}

/**
 * Images of an IDX3 file, 784 bytes each; a view of `bytes`, not a copy.
 *
 * @throws {IdxError} naming `file`
 */
export function parseImages(bytes: Uint8Array, file: string): { count: number; images: Uint8Array } {
  const { count, data } = parse("images", bytes, file);
  return { count, images: data };
}

/**
 * Labels of an IDX1 file, each from 0 to 9; a view of `bytes`, not a copy.
 *
 * @throws {IdxError} naming `file`
 */
export function parseLabels(bytes: Uint8Array, file: string): { count: number; labels: Uint8Array } {
  const { count, data } = parse("labels", bytes, file);
  const wrong = data.findIndex((label) => label >= CLASSES);
  if (wrong !== -1) {
    throw new IdxError(file, headerBytes("labels") + wrong, `a label from 0 to ${CLASSES - 1}, found ${data[wrong]}`);
  }
  return { count, labels: data };
}

/** @throws {IdxError} naming `labelsFile` when it does not have one label for each of the `images` */
export function requireSameCount(images: number, labels: number, imagesFile: string, labelsFile: string) {
  if (images === labels) return;
  throw new IdxError(labelsFile, 4, `${images} labels, as many as ${imagesFile} has images, found ${labels}`);
}

/** @throws {IdxError} naming `file` when it is not exactly `length` bytes long */
export function requireLength(kind: IdxKind, count: number, length: number, file: string) {
  const expected = fileBytes(kind, count);
  if (length < expected) {
    throw new IdxError(file, length, `${expected - length} more bytes for ${count} ${kind}, found the end of the file`);
  }
  if (length > expected) {
    throw new IdxError(file, expected, `the end of the file after ${count} ${kind}, found more bytes`);
  }
}

function parse(kind: IdxKind, bytes: Uint8Array, file: string): { count: number; data: Uint8Array } {
  const count = parseHeader(kind, bytes, file);
  requireLength(kind, count, bytes.length, file);
  return { count, data: bytes.subarray(headerBytes(kind)) };
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
