import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { damaged, fuzz } from "../testing/fuzz.ts";
import type { NamedTensor } from "../models/spec.ts";
import { readModelFile } from "./model_file.ts";
import { readPickle } from "./pth/pickle_reader.ts";
import { ModelFileError } from "./errors.ts";
import { readPth } from "./pth/reader.ts";
import { writePth } from "./pth/writer.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { crc32, readZip, writeZip } from "./pth/zip.ts";

// Small, so that most damage hits the description and not the numbers.
const tensors: NamedTensor[] = [
  { name: "head.0.weight", shape: [3, 9], data: new Float32Array(27).fill(0.5) },
  { name: "head.0.bias", shape: [3], data: Float32Array.of(1, 2, 3) },
  { name: "head.2.weight", shape: [10, 3], data: new Float32Array(30) },
  { name: "head.2.bias", shape: [10], data: new Float32Array(10) },
];
const pth = writePth(tensors, "model");
const safetensors = writeSafetensors(tensors, { optimizer: "Adam" });
const records = [...readZip(pth, { entries: 100, bytes: 2 ** 20 })].map(([name, data]) => ({ name, data }));
/** Without the records that only PyTorch reads, to save time. */
const needed = records.filter(({ name }) => /data\.pkl|data\/\d|byteorder/.test(name));
const pickle = records.find(({ name }) => name.endsWith("data.pkl"))!.data;

Deno.test("a damaged .pth is read or refused with a message", async () => {
  await fuzz(damaged([pth]), readPth, ModelFileError);
});

Deno.test("a .pth with correct checksums around a damaged pickle is read or refused with a message", async () => {
  const wrapped = damaged([pickle]).map((data) =>
    writeZip(needed.map((record) => record.name.endsWith("data.pkl") ? { ...record, data } : record))
  );
  await fuzz(wrapped, readPth, ModelFileError);
});

Deno.test("a damaged or invented pickle is read or refused with a message, and calls nothing", async () => {
  const host = { globals: new Map(), persistentLoad: () => 0 };
  const opcodes = [..."(.NJKMGX)t]ae}suqrhjcRbQBCTU012i"].map((char) => char.charCodeAt(0));
  const byte = fc.oneof(
    fc.constantFrom(...opcodes, 0x80, 0x81, 0x85, 0x88, 0x8a, 0x8b, 0x8c, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95),
    fc.nat(255),
  );
  const invented = fc.array(byte, { maxLength: 200 }).map((bytes) => Uint8Array.from([0x80, 2, ...bytes]));
  await fuzz(fc.oneof(damaged([pickle]), invented), (bytes) => readPickle(bytes, host), ModelFileError);
});

Deno.test("a damaged .safetensors is read or refused with a message", async () => {
  await fuzz(damaged([safetensors]), readSafetensors, ModelFileError);
});

Deno.test("a .safetensors with an invented header is read or refused with a message", async () => {
  const junk = fc.jsonValue({ maxDepth: 1 });
  const entry = fc.record({
    dtype: fc.constantFrom("F32", "F64", "F16", "BF16"),
    shape: fc.array(fc.nat(9), { maxLength: 4 }),
    data_offsets: fc.tuple(fc.nat(400), fc.nat(400)),
  });
  const model = describe([
    { name: "head.0.weight", shape: [3, 784], data: new Float32Array(3 * 784) },
    ...tensors.slice(1),
  ]);
  const modelBytes = 4 * (3 * 784 + 3 + 30 + 10);
  const name = fc.constantFrom(...Object.keys(model), "__metadata__", "__proto__", "a");
  const field = fc.constantFrom("dtype", "shape", "data_offsets", "more");
  const header = fc.oneof(
    fc.tuple(name, fc.oneof(entry, junk)).map(([name, entry]) => ({ ...model, [name]: entry })),
    fc.tuple(name, field, junk).map(([name, field, value]) => (
      { ...model, [name]: { ...model[name], [field]: value } }
    )),
    fc.dictionary(fc.oneof(fc.string(), name), fc.oneof(entry, junk), { maxKeys: 4 }),
  );
  const file = fc.tuple(header, fc.constantFrom(0, 1, modelBytes)).map(([header, rest]) => {
    const json = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + rest);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  });
  await fuzz(file, readModelFile, ModelFileError);
});

/** The header's entries for `tensors`. */
function describe(tensors: readonly NamedTensor[]): Record<string, object> {
  let end = 0;
  return Object.fromEntries(
    tensors.map(({ name, shape, data }) => [
      name,
      { dtype: "F32", shape, data_offsets: [end, end += data.byteLength] },
    ]),
  );
}

Deno.test("damaged deflated data in a zip with the checksum of the intact data is read or refused with a message", async () => {
  const file = damaged([new Uint8Array(deflateRawSync(pickle))]).map((packed) => deflatedZip(packed, pickle));
  await fuzz(file, readPth, ModelFileError);
});

/** A zip of one deflated entry, assembled by hand. */
function deflatedZip(packed: Uint8Array, whole: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode("m/data.pkl");
  const file = new Uint8Array(30 + name.length + packed.length + 46 + name.length + 22);
  const view = new DataView(file.buffer);
  const head = (at: number) => {
    view.setUint16(at + 4, 8, true);
    view.setUint32(at + 10, crc32(whole), true);
    view.setUint32(at + 14, packed.length, true);
    view.setUint32(at + 18, whole.length, true);
    view.setUint16(at + 22, name.length, true);
  };
  view.setUint32(0, 0x04034b50, true);
  head(4);
  file.set(name, 30);
  file.set(packed, 30 + name.length);
  const at = 30 + name.length + packed.length;
  view.setUint32(at, 0x02014b50, true);
  head(at + 6);
  file.set(name, at + 46);
  const end = at + 46 + name.length;
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 8, 1, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 12, 46 + name.length, true);
  view.setUint32(end + 16, at, true);
  return file;
}
