import assert from "node:assert/strict";
import type { NamedTensor } from "../models/spec.ts";
import { ModelFileError } from "./errors.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

const TENSORS: NamedTensor[] = [
  { name: "head.0.weight", shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 3e38, 1e-45, 0) },
  { name: "head.0.bias", shape: [2], data: Float32Array.of(NaN, -Infinity) },
  { name: "scalar", shape: [], data: Float32Array.of(7) },
  { name: "empty", shape: [0, 4], data: new Float32Array() },
];

/** A file with any header, valid or not, and zeros for numbers. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const entry = (from: number, to: number, fields: object = {}) => (
  { dtype: "F32", shape: [(to - from) / 4], data_offsets: [from, to], ...fields }
);

Deno.test("tensors and metadata are read as they were written, wherever the file is in memory", () => {
  const metadata = { model_type: "SimpleNN", "__proto__x": "Ä \u2028", id: "" };
  const file = writeSafetensors(TENSORS, metadata);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  for (const bytes of [file, shifted.subarray(3)]) {
    assert.deepEqual(readSafetensors(bytes), { tensors: TENSORS, metadata });
  }
});

Deno.test("the header follows the format's specification, and the numbers are aligned", () => {
  for (const id of ["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg"]) {
    const file = writeSafetensors(TENSORS.slice(0, 2), { id });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    assert.equal(length % 8, 0);
    const header = new TextDecoder().decode(file.subarray(8, 8 + length));
    assert.deepEqual(JSON.parse(header), {
      __metadata__: { id },
      "head.0.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
      "head.0.bias": { dtype: "F32", shape: [2], data_offsets: [24, 32] },
    });
    assert.equal(new Float32Array(file.buffer, 8 + length)[1], -2);
  }
});

Deno.test("half precision is read as float32, and tensors come in the order of their numbers", () => {
  const file = fileOf({
    second: { dtype: "F16", shape: [1], data_offsets: [2, 4] },
    first: { dtype: "BF16", shape: [1], data_offsets: [0, 2] },
  }, 4);
  file.set([0xc0, 0x3f, 0x00, 0x3e], file.length - 4);
  const { tensors, metadata } = readSafetensors(file);
  assert.deepEqual(tensors.map(({ name, data }) => [name, ...data]), [["first", 1.5], ["second", 1.5]]);
  assert.deepEqual(metadata, {});
});

Deno.test("tensors of integers or booleans beside the weights are left out", () => {
  const file = fileOf({
    "a.weight": entry(0, 8, { shape: [2] }),
    "batches": entry(8, 16, { dtype: "I64", shape: [1] }),
    "mask": entry(16, 18, { dtype: "BOOL", shape: [2] }),
    "a.bias": entry(18, 22),
  }, 22);
  assert.deepEqual(readSafetensors(file).tensors.map(({ name, shape }) => [name, shape]), [
    ["a.weight", [2]],
    ["a.bias", [1]],
  ]);
});

Deno.test("no metadata of another program keeps a file from being read, however long", () => {
  const head = { a: entry(0, 4) };
  const long = `[{"\\,`.repeat(2 ** 20);
  const { metadata, tensors } = readSafetensors(
    fileOf({ __metadata__: { long, epochs: 3, format: "pt" }, ...head }, 4),
  );
  assert.deepEqual([metadata.long.length, metadata.format, metadata.epochs, tensors.length], [
    5 * 2 ** 20,
    "pt",
    undefined,
    1,
  ]);
  for (const __metadata__ of ["text", null, [1], 3]) {
    assert.deepEqual(readSafetensors(fileOf({ __metadata__, ...head }, 4)).metadata, {});
  }
});

Deno.test("a damaged or hostile file is refused with a message", () => {
  const tooLong = new Uint8Array(16).fill(255);
  const cases: [file: Uint8Array, expected: RegExp][] = [
    [new Uint8Array(7), /has 7 bytes/],
    [tooLong, /header would have 18446744073709552000 bytes/],
    [fileOf(" ".repeat(2 ** 24 + 1)), /more than 16777216/],
    [fileOf(`{"a":[${"[],".repeat(2 ** 20)}[]]}`), /more than 1048576 values/],
    [fileOf(`{"a":"\\"","b":[${"0,".repeat(2 ** 20)}0]}`), /more than 1048576 values/],
    [writeSafetensors(TENSORS, {}).subarray(0, 60), /incomplete: its header ends at byte \d+, the file at 60/],
    [writeSafetensors(TENSORS, {}).subarray(0, -4), /describes 36 bytes of numbers, the file has 32/],
    [fileOf("{"), /not valid JSON/],
    [fileOf("\xff"), /not valid JSON|not a JSON object/],
    [fileOf("[]"), /not a JSON object/],
    [fileOf("null"), /not a JSON object/],
    [fileOf("[".repeat(500_000)), /not valid JSON/],
    [fileOf({ a: null }), /"a" has the type "undefined"; it must be one of F32/],
    [fileOf({ a: entry(0, 4, { dtype: "I64" }) }, 4), /"a" has the type "I64"/],
    [fileOf({ a: entry(0, 4, { shape: [-1] }) }, 4), /no shape/],
    [fileOf({ a: entry(0, 4, { shape: ["1"] }) }, 4), /no shape/],
    [fileOf({ a: entry(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, 4), /takes \d.* bytes, not 4/],
    [fileOf({ a: entry(0, 4, { shape: [2] }) }, 4), /takes 8 bytes, not 4/],
    [fileOf({ a: entry(0, 4, { data_offsets: [0] }) }, 4), /no data_offsets/],
    [fileOf({ a: entry(0, 4, { data_offsets: [4, 0] }) }, 4), /takes 4 bytes, not -4/],
    [fileOf({ a: entry(0, 8) }, 4), /describes 8 bytes of numbers, the file has 4/],
    [fileOf({ a: entry(0, 4) }, 8), /describes 4 bytes of numbers, the file has 8/],
    [fileOf({ a: entry(0, 4), b: entry(0, 4) }, 8), /"b" begins at 0, expected at 4/],
    [fileOf({ a: entry(0, 4), b: entry(8, 12) }, 12), /"b" begins at 8, expected at 4/],
  ];
  for (const [file, expected] of cases) {
    assert.throws(() => readSafetensors(file), (error) => {
      assert(error instanceof ModelFileError, String(error));
      assert.match(error.message, expected);
      return true;
    });
  }
});

Deno.test("tensors that a file cannot store are refused", () => {
  const one = { name: "a", shape: [1], data: new Float32Array(1) };
  assert.throws(() => writeSafetensors([one, one], {}), /named "a"/);
  assert.throws(() => writeSafetensors([{ ...one, name: "__metadata__" }], {}), /named "__metadata__"/);
  assert.throws(() => writeSafetensors([{ ...one, shape: [2] }], {}), /shape \[2\] has 1 numbers/);
});
