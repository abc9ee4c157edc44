import assert from "node:assert/strict";
import { adoptTensors } from "./adopt_tensors.ts";

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

Deno.test("tensors of a module with other names are taken by order and get this lab's names", () => {
  const adopted = adoptTensors(foreign, spec);
  assert.deepEqual(adopted.map((parameter) => parameter.name), [
    "head.0.weight",
    "head.0.bias",
    "head.2.weight",
    "head.2.bias",
  ]);
  assert.equal(adopted[2].data, foreign[2].data);
});

Deno.test("a tensor too few or of another shape is refused by name", () => {
  assert.throws(() => adoptTensors(foreign.slice(1), spec), /has 4 tensors, but 3 were found/);
  assert.throws(
    () => adoptTensors(foreign, { ...spec, hiddenLayers: [3] }),
    /tensor 1, "net\.1\.weight", has shape \[2, 784\], but head\.0\.weight of SimpleNN .* 3 has \[3, 784\]/,
  );
});
