import assert from "node:assert/strict";
import { initialWeights } from "../testing/pytorch_fixtures.ts";
import { ModelFileError } from "./errors.ts";
import { readModelFile } from "./model_file.ts";
import { writeOnnx } from "./onnx/writer.ts";
import { writePth } from "./pth/writer.ts";
import { writeSafetensors } from "./safetensors.ts";

const spec = { modelType: "SimpleNN", hiddenLayers: [4, 3] } as const;
const weights = initialWeights(spec);

Deno.test("both formats are read, distinguished by their first bytes", () => {
  const model = {
    ...spec,
    hiddenLayers: [4, 3],
    namedWithDropout: false,
    tensors: weights,
    assumedOrder: [],
    path: "",
  };
  assert.deepEqual(readModelFile(writePth(weights, "m")), { candidates: [model], metadata: {} });
  for (let i = 0; i < 300; i++) {
    // Headers of all lengths, because the length's first byte may look like the start of another format.
    const metadata = { text: "x".repeat(i) };
    assert.deepEqual(readModelFile(writeSafetensors(weights, metadata)), { candidates: [model], metadata });
  }
});

Deno.test("any other file is refused, and the error names the formats that can be read", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /the file is empty/],
    [text("<!doctype html>"), /neither a \.pth .* nor a \.safetensors/],
    [writeOnnx(spec, weights, {}), /neither a \.pth .* nor a \.safetensors/],
    [Uint8Array.of(0x80, 2, 0x8a, 10), /format from before 1\.6/],
    [text("PK"), /damaged or cut short/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => readModelFile(bytes),
      (error) => error instanceof ModelFileError && message.test(error.message),
    );
  }
});
