import assert from "node:assert/strict";
import { adoptTensors, specFromMetadata } from "./known_model.ts";

const spec = { modelType: "SimpleNN", hiddenLayers: [2] } as const;
const tensor = (name: string, shape: number[]) => ({
  name,
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
const foreign = [
  tensor("net.1.weight", [2, 784]),
  tensor("net.1.bias", [2]),
  tensor("net.3.weight", [10, 2]),
  tensor("net.3.bias", [10]),
];

Deno.test("tensors of a module with other names are matched by order and get this lab's names", () => {
  const adopted = adoptTensors(foreign, spec);
  assert.deepEqual(adopted.map((parameter) => parameter.name), [
    "head.0.weight",
    "head.0.bias",
    "head.2.weight",
    "head.2.bias",
  ]);
  assert.equal(adopted[2].data, foreign[2].data);
});

Deno.test("a missing tensor, or one of the wrong shape, is refused by name", () => {
  assert.throws(() => adoptTensors(foreign.slice(1), spec), /has 4 tensors, but 3 were found/);
  assert.throws(
    () => adoptTensors(foreign, { ...spec, hiddenLayers: [3] }),
    /tensor 1, "net\.1\.weight", has shape \[2, 784\], but head\.0\.weight of SimpleNN .* 3 has \[3, 784\]/,
  );
});

Deno.test("the metadata of a file describes the layers of its model", () => {
  const metadata = { model_type: "ConvNN", hidden_layers_config: "[128,64]", use_dropout: "true", dropout_p: "0.25" };
  assert.deepEqual(specFromMetadata(metadata), { modelType: "ConvNN", hiddenLayers: [128, 64], dropout: 0.25 });
  assert.deepEqual(specFromMetadata({ model_type: "SimpleNN", hidden_layers_config: "[]" }), {
    modelType: "SimpleNN",
    hiddenLayers: [],
  });
  const cases: [metadata: Record<string, string>, expected: RegExp][] = [
    [{}, /model_type .* is missing/],
    [{ ...metadata, model_type: "GPT" }, /model_type .* is "GPT"; it must be SimpleNN or ConvNN/],
    [{ ...metadata, hidden_layers_config: "128" }, /hidden_layers_config/],
    [{ ...metadata, hidden_layers_config: "[0]" }, /hidden_layers_config/],
    [{ ...metadata, hidden_layers_config: "[" }, /hidden_layers_config/],
    [{ ...metadata, dropout_p: "1" }, /dropout_p/],
  ];
  for (const [wrong, expected] of cases) assert.throws(() => specFromMetadata(wrong), expected);
});
