import assert from "node:assert/strict";
import { MODEL_TYPES } from "../../models/families.ts";
import { type ModelSpec, type NamedTensor, parameterSpecs } from "../../models/spec.ts";
import { ModelFileError } from "../errors.ts";
import { recogniseModel } from "./recognise_model.ts";

/** The tensors of a model, each filled with its index, and named by index. */
function tensorsOf(spec: ModelSpec, nameOf: (index: number, name: string) => string = (_, name) => name) {
  return parameterSpecs(spec).map(({ name, shape }, i): NamedTensor => (
    { name: nameOf(i, name), shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i) }
  ));
}

const refused = (pattern: RegExp) => (error: unknown) => error instanceof ModelFileError && pattern.test(error.message);
const fillsOf = (tensors: readonly NamedTensor[]) => tensors.map(({ data }) => data[0]);
/** In the order in which Python's safetensors stores them. */
const byName = (tensors: readonly NamedTensor[]) => tensors.toSorted((a, b) => a.name < b.name ? -1 : 1);

Deno.test("family and widths follow from the shapes of the tensors, whatever their names", () => {
  const specs = MODEL_TYPES.flatMap((modelType) =>
    [[], [7, 5], [784, 10, 10]].map((hiddenLayers): ModelSpec => ({ modelType, hiddenLayers }))
  );
  for (const spec of specs) {
    for (const nameOf of [undefined, (i: number) => `t${(i * 7) % 13}`, (i: number) => `parameter ${-i}`]) {
      const { tensors, ...model } = recogniseModel(tensorsOf(spec, nameOf));
      assert.deepEqual(model, { ...spec, namedWithDropout: false });
      assert.deepEqual(fillsOf(tensors), tensors.map((_, i) => i));
    }
  }
});

Deno.test("this lab's own names reveal dropout layers", () => {
  const layers = { modelType: "SimpleNN", hiddenLayers: [4, 3] } as const;
  assert.equal(recogniseModel(tensorsOf({ ...layers, dropout: 0.3 })).namedWithDropout, true);
  assert.equal(recogniseModel(tensorsOf(layers)).namedWithDropout, false);
  assert.equal(recogniseModel(tensorsOf({ ...layers, hiddenLayers: [], dropout: 0.3 })).namedWithDropout, false);
});

Deno.test("tensors sorted by name are put in order by shape, and where shapes leave a choice by number", () => {
  const deep = tensorsOf({ modelType: "SimpleNN", hiddenLayers: [6, 6, 6, 6, 6, 6, 6, 6] });
  assert.deepEqual(deep.map(({ name }) => name).filter((name) => name.endsWith("0.weight")), [
    "head.0.weight",
    "head.10.weight",
  ]);
  assert.deepEqual(fillsOf(recogniseModel(byName(deep)).tensors), deep.map((_, i) => i));

  const names = ["features.0", "features.3", "classifier.0", "classifier.2"];
  const conv = tensorsOf(
    { modelType: "ConvNN", hiddenLayers: [5] },
    (i) => `${names[i >> 1]}.${i % 2 === 0 ? "weight" : "bias"}`,
  );
  assert.equal(byName(conv)[0].name, "classifier.0.bias");
  assert.deepEqual(fillsOf(recogniseModel(byName(conv)).tensors), [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("the first tensor that does not fit is named, with what was expected instead", () => {
  const simple = tensorsOf({ modelType: "SimpleNN", hiddenLayers: [4] }, (i) => `net.${i}`);
  const conv = tensorsOf({ modelType: "ConvNN", hiddenLayers: [4] }, (i) => `net.${i}`);
  const reshaped = (tensors: NamedTensor[], index: number, shape: number[]) =>
    tensors.with(index, { ...tensors[index], shape });
  const cases: [NamedTensor[], RegExp][] = [
    [[], /holds no tensors/],
    [reshaped(simple, 0, [4, 100]), /tensor 1, "net\.0", has shape \[4, 100\]; expected \[out, 784\].*28 × 28 pixels/],
    [reshaped(simple, 0, [0, 784]), /tensor 1, "net\.0", has shape \[0, 784\]/],
    [reshaped(simple, 1, [5]), /tensor 2, "net\.1", has shape \[5\]; expected \[4\], the bias of .* "net\.0"/],
    [reshaped(simple, 2, [10, 5]), /tensor 3, .*expected \[out, 4\], .* reads the 4 outputs of "net\.0"/],
    [simple.slice(0, 3), /tensor 4 is missing: expected \[10\], the bias of the Linear layer "net\.2"/],
    [simple.slice(0, 2), /the last layer, "net\.0", has 4 outputs; expected 10/],
    [[...simple, simple[0]], /tensor 5, "net\.0", .*expected \[out, 10\]/],
    [reshaped(conv, 0, [16, 1, 3, 3]), /tensor 1, .*expected \[32, 1, 3, 3\], the kernels of a convolution of ConvNN/],
    [reshaped(conv, 2, [64, 32, 5, 5]), /tensor 3, .*expected \[64, 32, 3, 3\]/],
    [reshaped(conv, 4, [4, 1600]), /tensor 5, .*expected \[out, 3136\].*64 channels of 7 × 7 pixels/],
    [conv.slice(0, 1), /tensor 2 is missing: expected \[32\]/],
    [[{ name: "alone", shape: [], data: Float32Array.of(1) }], /"alone", has shape \[\]; expected \[out, 784\]/],
  ];
  for (const [tensors, message] of cases) assert.throws(() => recogniseModel(tensors), refused(message));
});

Deno.test("weights that are not finite are refused by the tensor's name", () => {
  const tensors = tensorsOf({ modelType: "SimpleNN", hiddenLayers: [] });
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const broken = tensors.with(1, { ...tensors[1], data: tensors[1].data.with(7, wrong) });
    assert.throws(() => recogniseModel(broken), refused(new RegExp(`"head\\.0\\.bias" holds ${wrong} at index 7`)));
  }
});

Deno.test("many layers of one shape that make no model are refused at once", () => {
  const square: NamedTensor[] = Array.from({ length: 40 }, (_, i) => {
    const shape = i % 2 === 0 ? [784] : [784, 784];
    return { name: `${i >> 1}.${i % 2}`, shape, data: new Float32Array(1) };
  });
  const began = performance.now();
  assert.throws(() => recogniseModel(square), ModelFileError);
  assert.throws(() => recogniseModel(square.slice(0, 22)), ModelFileError);
  assert.ok(performance.now() - began < 1000);
});
