import assert from "node:assert/strict";
import { initialWeights } from "../../testing/pytorch_fixtures.ts";
import { ModelFileError } from "../errors.ts";
import { writeOnnx } from "./writer.ts";

const spec = { modelType: "SimpleNN", hiddenLayers: [3], dropout: 0.3 } as const;

Deno.test("initializers are named as in a state dict, and there is no dropout", () => {
  const file = new TextDecoder("latin1").decode(writeOnnx(spec, initialWeights(spec), { accuracy: "94.1" }));
  for (const text of ["head.0.weight", "head.0.bias", "head.3.weight", "head.3.bias", "batch", "accuracy", "94.1"]) {
    assert.ok(file.includes(text), text);
  }
  assert.ok(!file.includes("Dropout"));
});

Deno.test("the numbers of a tensor are stored once, as they are in memory", () => {
  const weights = initialWeights(spec);
  const numbers = weights.reduce((sum, { data }) => sum + data.length, 0);
  const file = writeOnnx(spec, weights, {});
  const { data } = weights[0];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, 16);
  const at = file.findIndex((_, i) => bytes.every((byte, b) => file[i + b] === byte));
  assert.deepEqual(file.slice(at, at + data.byteLength), new Uint8Array(data.buffer));
  assert.ok(file.length < 4 * numbers + 2000, `${file.length} bytes for ${numbers} numbers`);
});

Deno.test("weights of another model are refused", () => {
  assert.throws(() => writeOnnx({ ...spec, hiddenLayers: [4] }, initialWeights(spec), {}), ModelFileError);
});
