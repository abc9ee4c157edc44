import assert from "node:assert/strict";
import { findPyTorch } from "../../testing/pytorch.ts";
import { unzipSync } from "fflate";
import { type NamedTensor, parameterSpecs } from "../../models/spec.ts";
import { ModelFileError } from "../errors.ts";
import { readPth } from "./reader.ts";
import { writePth } from "./writer.ts";

const tensors: NamedTensor[] = [
  { name: "head.0.weight", shape: [3, 70], data: Float32Array.from({ length: 210 }, (_, i) => i / 7 - 10) },
  { name: "head.0.bias", shape: [3], data: Float32Array.of(-0, Infinity, 1e-42) },
  { name: "scalar", shape: [], data: Float32Array.of(5) },
  { name: "empty", shape: [0, 4], data: new Float32Array(0) },
];

Deno.test("tensors are read back as they were written, to the bit", () => {
  assert.deepEqual(readPth(writePth(tensors, "model")), tensors);
});

Deno.test("the archive holds the records that PyTorch expects, uncompressed and in its order", () => {
  const records = localRecords(writePth(tensors, "model"));
  assert.deepEqual(records.map((record) => record.name), [
    "model/data.pkl",
    "model/byteorder",
    "model/data/0",
    "model/data/1",
    "model/data/2",
    "model/data/3",
    "model/version",
    "model/.data/serialization_id",
  ]);
  assert.ok(records.every((record) => record.method === 0));
  const files = unzipSync(writePth(tensors, "model"));
  const text = (name: string) => new TextDecoder().decode(files[`model/${name}`]);
  assert.equal(text("version"), "3\n");
  assert.equal(text("byteorder"), "little");
  assert.match(text(".data/serialization_id"), /^\d{40}$/);
});

Deno.test("every record starts at a multiple of 64 bytes, however long its name", () => {
  for (const name of ["m", "model_simplenn_adam_1762740520", "zwölf"]) {
    for (const record of localRecords(writePth(tensors, name))) assert.equal(record.dataAt % 64, 0, record.name);
  }
});

Deno.test("the same tensors and name give the same bytes, and a different number gives a different serialization id", () => {
  const id = (bytes: Uint8Array) => new TextDecoder().decode(unzipSync(bytes)["model/.data/serialization_id"]);
  const first = writePth(tensors, "model");
  assert.deepEqual(writePth(tensors, "model"), first);
  const changed = writePth([{ ...tensors[0], data: tensors[0].data.with(5, 1) }, ...tensors.slice(1)], "model");
  assert.notEqual(id(changed), id(first));
});

Deno.test("a shape that does not fit its numbers, a duplicate name and a path as name are refused", () => {
  assert.throws(() => writePth([{ ...tensors[0], shape: [3, 71] }], "model"), ModelFileError);
  assert.throws(() => writePth([tensors[0], tensors[0]], "model"), /two tensors are named "head.0.weight"/);
  assert.throws(() => writePth(tensors, "../model"), /cannot name a folder/);
});

const python = await findPyTorch();

Deno.test({
  name: "PyTorch opens the file with weights_only=True and loads it into a module of conv and head sequences",
  ignore: python === undefined,
  async fn() {
    const spec = { modelType: "ConvNN", hiddenLayers: [6, 5], dropout: 0.3 } as const;
    const weights = parameterSpecs(spec).map(({ name, shape }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return { name, shape, data: Float32Array.from({ length }, (_, i) => i % 1000) };
    });
    const path = await Deno.makeTempFile({ suffix: ".pth" });
    try {
      await Deno.writeFile(path, writePth(weights, "model"));
      const { success, stdout, stderr } = await new Deno.Command(python!, { args: ["-c", LOAD_IN_PYTORCH, path] })
        .output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const sums = weights.map(({ name, data }) => `${name} ${data.reduce((a, b) => a + b, 0)}`);
      assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), sums);
    } finally {
      await Deno.remove(path);
    }
  },
});

const LOAD_IN_PYTORCH = `
import sys, torch
from torch import nn
net = nn.Module()
net.conv = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
net.head = nn.Sequential(nn.Linear(3136, 6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.3),
                         nn.Linear(5, 10))
net.load_state_dict(torch.load(sys.argv[1], weights_only=True), strict=True)
for name, value in net.state_dict().items():
    print(name, int(value.double().sum()))
`;

/** Reads the local headers one after the other from the start of the archive. */
function localRecords(bytes: Uint8Array): { name: string; method: number; dataAt: number }[] {
  const view = new DataView(bytes.buffer);
  const records = [];
  for (let at = 0; view.getUint32(at, true) === 0x04034b50;) {
    const nameSize = view.getUint16(at + 26, true);
    const dataAt = at + 30 + nameSize + view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 30, at + 30 + nameSize));
    records.push({ name, method: view.getUint16(at + 8, true), dataAt });
    at = dataAt + view.getUint32(at + 18, true);
  }
  return records;
}
