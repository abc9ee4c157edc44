import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { ModelFileError } from "../errors.ts";
import { readZip, writeZip } from "./zip.ts";

const limits = { entries: 10, bytes: 1000 };
const refused = (pattern: RegExp) => (error: unknown) => error instanceof ModelFileError && pattern.test(error.message);

/** A zip of one deflated entry "a" of 100 zeros; in its directory entry the uint at `field` is replaced by `value`. */
function zipWith(field: number, value: number, size: 2 | 4): Uint8Array {
  const bytes = zipSync({ a: new Uint8Array(100) });
  const view = new DataView(bytes.buffer);
  const at = view.getUint32(bytes.length - 6, true) + field;
  if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return bytes;
}

Deno.test("stored and deflated entries are read", () => {
  const a = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  const b = new Uint8Array(0);
  assert.deepEqual(readZip(writeZip([{ name: "x/a", data: a }, { name: "x/b", data: b }]), limits).get("x/a"), a);
  assert.deepEqual(readZip(zipSync({ a, b }, { level: 9 }), limits), new Map([["a", a], ["b", b]]));
});

Deno.test("an archive that unpacks to more than the limit is refused before it is inflated", () => {
  const bomb = zipSync({ a: new Uint8Array(600), b: new Uint8Array(600) });
  assert.throws(() => readZip(bomb, limits), refused(/unpacks to more than 1000 bytes/));
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`f${i}`, new Uint8Array(0)]));
  assert.throws(() => readZip(zipSync(many), limits), refused(/claims 11 entries/));
  // A few bytes claim 0.1 GB: no buffer of that size is allocated.
  assert.throws(
    () => readZip(zipWith(24, 1e8, 4), { entries: 1, bytes: 1e9 }),
    refused(/claims to inflate to 100000000/),
  );
});

Deno.test("wrong sizes, wrong checksums, other compression and encryption are refused by name", () => {
  assert.throws(() => readZip(zipWith(24, 101, 4), limits), refused(/"a" has 100 bytes instead of 101/));
  assert.throws(() => readZip(zipWith(24, 99, 4), limits), refused(/checksum of "a" is wrong/));
  assert.throws(() => readZip(zipWith(16, 1, 4), limits), refused(/checksum of "a" is wrong/));
  assert.throws(() => readZip(zipWith(10, 12, 2), limits), refused(/compressed by method 12/));
  assert.throws(() => readZip(zipWith(8, 1, 2), limits), refused(/"a" in the archive is encrypted/));
  assert.throws(() => readZip(zipWith(42, 1e6, 4), limits), refused(/"a" reaches to byte/));
});
