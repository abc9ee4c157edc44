import assert from "node:assert/strict";
import { damaged, fuzz } from "../testing/fuzz.ts";
import { IdxError, parseImages, parseLabels, requireSameCount } from "./idx.ts";

/** An IDX file of the given big-endian header words and data. */
function idx(words: number[], data: Uint8Array | number[] = []): Uint8Array {
  const bytes = new Uint8Array(4 * words.length + data.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word));
  bytes.set(data, 4 * words.length);
  return bytes;
}

function refuses(parse: () => unknown, offset: number, message: RegExp) {
  assert.throws(parse, (error) => {
    assert(error instanceof IdxError);
    assert.equal(error.file, "digits");
    assert.equal(error.offset, offset);
    assert.match(error.message, new RegExp(`^digits: at byte ${offset}: expected `));
    assert.match(error.message, message);
    return true;
  });
}

const pixels = Uint8Array.from({ length: 2 * 784 }, (_, i) => i % 251);

Deno.test("images are a view of the bytes after the header", () => {
  const file = idx([0x803, 2, 28, 28], pixels);
  const { count, images } = parseImages(file, "digits");
  assert.equal(count, 2);
  assert.deepEqual(images, pixels);
  assert.equal(images.buffer, file.buffer);
});

Deno.test("labels are the bytes after the header", () => {
  const { count, labels } = parseLabels(idx([0x801, 3], [7, 0, 9]), "digits");
  assert.equal(count, 3);
  assert.deepEqual([...labels], [7, 0, 9]);
});

Deno.test("a file may be anywhere in a larger buffer", () => {
  const file = idx([0x801, 2], [4, 2]);
  const buffer = new Uint8Array(file.length + 3);
  buffer.set(file, 3);
  assert.deepEqual([...parseLabels(buffer.subarray(3), "digits").labels], [4, 2]);
});

Deno.test("a wrong magic number is refused, and the error names its offset", () => {
  refuses(() => parseImages(idx([0x801, 2], [4, 2]), "digits"), 0, /0x00000803 of images, found 0x00000801$/);
  refuses(() => parseLabels(idx([0x803, 2], [4, 2]), "digits"), 0, /0x00000801 of labels, found 0x00000803$/);
  refuses(() => parseLabels(idx([0x1f8b0800]), "digits"), 0, /found 0x1f8b0800$/);
});

Deno.test("images of any size but 28×28 are refused", () => {
  refuses(() => parseImages(idx([0x803, 1, 32, 28], new Uint8Array(896)), "digits"), 8, /28 rows, found 32$/);
  refuses(() => parseImages(idx([0x803, 1, 28, 27], new Uint8Array(756)), "digits"), 12, /28 columns, found 27$/);
});

Deno.test("an empty set is refused", () => {
  refuses(() => parseImages(idx([0x803, 0, 28, 28]), "digits"), 4, /the number of images, found 0$/);
});

Deno.test("a file that ends within its header is refused, and the error names the offset of its end", () => {
  refuses(() => parseImages(new Uint8Array(0), "digits"), 0, /found the end of the file$/);
  refuses(() => parseImages(idx([0x803, 2]), "digits"), 8, /28 rows, found the end of the file$/);
});

Deno.test("a file shorter or longer than its count says is refused", () => {
  const short = idx([0x803, 2, 28, 28], pixels.subarray(0, 784 + 10));
  refuses(() => parseImages(short, "digits"), 16 + 794, /774 more bytes for 2 images, found the end of the file$/);
  refuses(() => parseLabels(idx([0x801, 2], [4, 2, 1]), "digits"), 10, /end of the file after 2 labels/);
});

Deno.test("a label above 9 is refused, and the error names its offset", () => {
  refuses(() => parseLabels(idx([0x801, 3], [1, 10, 2]), "digits"), 9, /a label from 0 to 9, found 10$/);
});

Deno.test("different numbers of images and labels are refused", () => {
  requireSameCount(5, 5, "images", "digits");
  refuses(() => requireSameCount(5, 4, "images", "digits"), 4, /5 labels, as many as images has images, found 4$/);
});

const imagesFile = new Uint8Array(16 + 2 * 784), labelsFile = new Uint8Array(8 + 2);
imagesFile.set([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]);
labelsFile.set([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]);

Deno.test("a damaged IDX file is read, or refused with the offset of the fault", async () => {
  await fuzz(damaged([imagesFile]), (bytes) => parseImages(bytes, "images"), IdxError);
  await fuzz(damaged([labelsFile]), (bytes) => parseLabels(bytes, "labels"), IdxError);
});
