import assert from "node:assert/strict";
import { unzipSync, zipSync } from "fflate";
import type { NamedTensor } from "../../models/spec.ts";
import { ModelFileError } from "../errors.ts";
import { readPth, readStateDicts } from "./reader.ts";
import { writePth } from "./writer.ts";

const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}.pth`, import.meta.url));

/** 0, 1/16, 2/16, …: the numbers in the fixtures. */
const sixteenths = (indices: number[]) => Float32Array.from(indices, (index) => index / 16);
const range = (length: number) => Array.from({ length }, (_, i) => i);

/** `bytes` with records replaced, or removed where `undefined`, by name inside the archive's folder. */
function withRecords(bytes: Uint8Array, change: Record<string, Uint8Array<ArrayBuffer> | undefined>): Uint8Array {
  const files = unzipSync(bytes);
  const folder = Object.keys(files)[0].split("/")[0];
  for (const [name, data] of Object.entries(change)) {
    if (data === undefined) delete files[`${folder}/${name}`];
    else files[`${folder}/${name}`] = data;
  }
  return zipSync(files, { level: 0 });
}

Deno.test("a state dict that PyTorch saved is read with names, shapes and numbers in order", () => {
  const expected: NamedTensor[] = [
    { name: "head.0.weight", shape: [4, 784], data: sixteenths(range(4 * 784)) },
    { name: "head.0.bias", shape: [4], data: sixteenths(range(4)) },
    { name: "head.3.weight", shape: [10, 4], data: sixteenths(range(40)) },
    { name: "head.3.bias", shape: [10], data: sixteenths(range(10)) },
  ];
  assert.deepEqual(readPth(fixture("simple_nn")), expected);
});

Deno.test("strided views of one storage are read as in PyTorch", () => {
  const rowsOf6 = (rows: number[], columns: number[]) =>
    rows.flatMap((row) => columns.map((column) => row * 6 + column));
  const expected: NamedTensor[] = [
    { name: "whole", shape: [4, 6], data: sixteenths(range(24)) },
    { name: "transposed", shape: [6, 4], data: sixteenths(range(24).map((i) => (i % 4) * 6 + Math.floor(i / 4))) },
    { name: "corner", shape: [2, 3], data: sixteenths(rowsOf6([1, 2], [2, 3, 4])) },
    { name: "every_second_column", shape: [4, 3], data: sixteenths(rowsOf6([0, 1, 2, 3], [0, 2, 4])) },
    { name: "repeated_row", shape: [2, 6], data: sixteenths(rowsOf6([3, 3], range(6))) },
    { name: "scalar", shape: [], data: sixteenths([15]) },
    { name: "empty", shape: [0, 6], data: new Float32Array(0) },
    { name: "channels_last", shape: [1, 2, 2, 2], data: sixteenths(range(8)) },
  ];
  assert.deepEqual(readPth(fixture("views")), expected);
});

Deno.test("float64, float16 and bfloat16 become float32, with infinities, NaN and subnormals", () => {
  const tiny = 2 ** -24;
  const exact = Float32Array.of(0, -1.5, 65504, tiny, Infinity, -Infinity, NaN);
  const [float64, float16, bfloat16] = readPth(fixture("element_types"));
  assert.deepEqual(float64.data, exact);
  assert.deepEqual(float16.data, exact);
  // bfloat16 has 8 bits of precision: 65504 rounds up.
  assert.deepEqual(bfloat16.data, exact.with(2, 65536));
});

Deno.test("a state dict nested in a training script's dict, and parameters in a later pickle protocol, are read", () => {
  const expected: NamedTensor[] = [
    { name: "weight", shape: [2, 3], data: sixteenths(range(6)) },
    { name: "bias", shape: [2], data: sixteenths(range(2)) },
  ];
  assert.deepEqual(readPth(fixture("nested")), expected);
  assert.deepEqual(readPth(fixture("parameters")), expected);
});

/** The state dict of most fixtures: a Linear layer from three inputs to two. */
const LINEAR: NamedTensor[] = [
  { name: "weight", shape: [2, 3], data: sixteenths(range(6)) },
  { name: "bias", shape: [2], data: sixteenths(range(2)) },
];
const renamed = (prefix: string) => LINEAR.map((tensor) => ({ ...tensor, name: `${prefix}${tensor.name}` }));

Deno.test("a sound state dict is read whatever else a training script saves, under any key and in every protocol", () => {
  // NumPy's scalars and arrays, a Namespace, a defaultdict, integers of 9 and 26 bytes, dates, enums, partial
  // functions, random states, sparse tensors and a whole module; the optimiser's state has more tensors than the model.
  for (const name of ["checkpoint", "checkpoint_protocol_5"]) {
    assert.deepEqual(readPth(fixture(name)), renamed("module."), name);
  }
  assert.deepEqual(readPth(fixture("flat")), LINEAR);
  assert.deepEqual(readPth(fixture("list")), LINEAR);
  assert.deepEqual(readPth(fixture("unknown_nesting")).map(({ name, shape }) => [name, shape]), [
    ["weight", [1, 2]],
    ["bias", [1]],
  ]);
});

Deno.test("of several state dicts the most likely comes first and optimisers last; parts of one model are also joined", () => {
  const pathsOf = (name: string) => [...readStateDicts(fixture(name))].map(({ path }) => path);
  assert.deepEqual(pathsOf("two_models"), ["model", "ema", "ema + model"]);
  assert.deepEqual(pathsOf("checkpoint"), ["net", "optimizer.state.0", "optimizer.state.1"]);
  const parts = [...readStateDicts(fixture("parts"))];
  assert.equal(parts[2].path, "features + classifier");
  assert.deepEqual(parts[2].tensors, [...renamed("features."), ...renamed("classifier.")]);
});

Deno.test("an archive that another program compressed is read, too", () => {
  const bytes = fixture("simple_nn");
  assert.deepEqual(readPth(zipSync(unzipSync(bytes), { level: 9 })), readPth(bytes));
});

for (
  const [name, message] of [
    [
      "whole_module",
      /no state dict .*found "torch\.nn\.modules\.linear\.Linear"\. Save the model with torch\.save\(model\.state_dict/,
    ],
    ["integers", /no state dict of float tensors; found a dict of "counts" \("torch\.LongStorage"\)/],
    ["before_1_6", /format from before 1\.6/],
  ] as const
) {
  Deno.test(`the file ${name}.pth is refused with the reason`, () => {
    assert.throws(
      () => readPth(fixture(name)),
      (error) => error instanceof ModelFileError && message.test(error.message),
    );
  });
}

Deno.test("a big-endian file, a missing or short record and a missing pickle are refused by name", () => {
  const bytes = fixture("simple_nn");
  const text = (value: string) => new TextEncoder().encode(value);
  assert.throws(() => readPth(withRecords(bytes, { byteorder: text("big") })), /big-endian/);
  assert.throws(() => readPth(withRecords(bytes, { "data/2": undefined })), /"data\/2" is missing/);
  assert.throws(
    () => readPth(withRecords(bytes, { "data/1": new Uint8Array(15) })),
    /4 numbers \(16 bytes\).*15 bytes/,
  );
  assert.throws(() => readPth(withRecords(bytes, { "data.pkl": undefined })), /holds no data\.pkl/);
  assert.throws(() => readPth(new Uint8Array(0)), /the file is empty/);
  assert.throws(() => readPth(text("<!doctype html>")), /not a \.pth file of PyTorch/);
});

Deno.test("a file truncated anywhere is refused, never partly read", () => {
  const bytes = fixture("views");
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => readPth(bytes.subarray(0, length)), ModelFileError, `${length} bytes`);
  }
});

Deno.test("the checksum reveals a flipped bit in a weight", () => {
  const bytes = writePth([{ name: "a", shape: [16], data: sixteenths(range(16)) }], "m");
  const at = bytes.findIndex((_, i) => i % 64 === 0 && i > 0 && bytes[i + 7] === 0x3d);
  bytes[at + 7] ^= 1;
  assert.throws(() => readPth(bytes), /checksum of "m\/data\/0" is wrong/);
});

Deno.test("a file with any changed byte is refused or gives the same numbers", () => {
  const original = fixture("views");
  const numbers = readPth(original).map((tensor) => tensor.data);
  for (let at = 0; at < original.length; at++) {
    const bytes = original.with(at, original[at] ^ 0x55);
    try {
      assert.deepEqual(readPth(bytes).map((tensor) => tensor.data), numbers, `byte ${at}`);
    } catch (error) {
      assert.ok(error instanceof ModelFileError, `byte ${at}: ${error}`);
    }
  }
});
