import assert from "node:assert/strict";
import { type Convolutions, DEFAULT_CONVOLUTIONS, MODEL_TYPES } from "../../models/families.ts";
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
const only = <T>(list: readonly T[]): T => {
  assert.equal(list.length, 1);
  return list[0];
};
/** In the order in which Python's safetensors stores them. */
const byName = (tensors: readonly NamedTensor[]) => tensors.toSorted((a, b) => a.name < b.name ? -1 : 1);

Deno.test("family and widths follow from the shapes of the tensors, whatever their names", () => {
  const convolutions: Convolutions[] = [
    DEFAULT_CONVOLUTIONS,
    { channels: [6, 16], kernels: [5, 5], padding: "valid" },
    { channels: [4], kernels: [5], padding: "same" },
    { channels: [9, 6, 3], kernels: [3, 3, 5], padding: "same" },
    { channels: [3, 3, 3, 3], kernels: [3, 5, 3, 5], padding: "same" },
  ];
  const specs = MODEL_TYPES.flatMap((modelType) =>
    [[], [7, 5], [784, 10, 10]].flatMap((hiddenLayers): ModelSpec[] =>
      modelType === "ConvNN"
        ? convolutions.map((convolutions) => ({ modelType, hiddenLayers, convolutions }))
        : [{ modelType, hiddenLayers }]
    )
  );
  for (const spec of specs) {
    for (const nameOf of [undefined, (i: number) => `t${(i * 7) % 13}`, (i: number) => `parameter ${-i}`]) {
      const [{ tensors, ...model }, ...others] = recogniseModel(tensorsOf(spec, nameOf));
      assert.deepEqual(others, []);
      assert.deepEqual(model, { ...spec, namedWithDropout: false, assumedOrder: [] });
      assert.deepEqual(fillsOf(tensors), tensors.map((_, i) => i));
    }
  }
});

Deno.test("this lab's own names reveal dropout layers", () => {
  const layers = { modelType: "SimpleNN", hiddenLayers: [4, 3] } as const;
  assert.equal(recogniseModel(tensorsOf({ ...layers, dropout: 0.3 }))[0].namedWithDropout, true);
  assert.equal(recogniseModel(tensorsOf(layers))[0].namedWithDropout, false);
  assert.equal(recogniseModel(tensorsOf({ ...layers, hiddenLayers: [], dropout: 0.3 }))[0].namedWithDropout, false);
});

Deno.test("tensors sorted by name are ordered by shape, and by number if shapes leave a choice", () => {
  const deep = tensorsOf({ modelType: "SimpleNN", hiddenLayers: [6, 6, 6, 6, 6, 6, 6, 6] });
  assert.deepEqual(deep.map(({ name }) => name).filter((name) => name.endsWith("0.weight")), [
    "head.0.weight",
    "head.10.weight",
  ]);
  assert.deepEqual(fillsOf(only(recogniseModel(byName(deep))).tensors), deep.map((_, i) => i));

  const names = ["features.0", "features.3", "classifier.0", "classifier.2"];
  const conv = tensorsOf(
    { modelType: "ConvNN", hiddenLayers: [5] },
    (i) => `${names[i >> 1]}.${i % 2 === 0 ? "weight" : "bias"}`,
  );
  assert.equal(byName(conv)[0].name, "classifier.0.bias");
  assert.deepEqual(fillsOf(only(recogniseModel(byName(conv))).tensors), [0, 1, 2, 3, 4, 5, 6, 7]);
});

/** A SimpleNN whose layers have these names, from the first hidden one to the last; all hidden widths are equal. */
function named(names: readonly string[], parts: [weight: string, bias: string] = ["weight", "bias"]): NamedTensor[] {
  const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers: names.slice(1).map(() => 6) };
  return tensorsOf(spec, (i) => `${names[i >> 1]}.${parts[i % 2]}`);
}

const orderOf = (tensors: readonly NamedTensor[]) =>
  tensors.filter((_, i) => i % 2 === 0).map(({ data }) => data[0] / 2);

Deno.test("if equal layers could be in several orders, all of them are candidates, and the ambiguous layers are named", () => {
  const names = ["first", "second", "third", "fourth", "last"];
  const tensors = named(names);
  const candidates = recogniseModel(byName(tensors));
  assert.deepEqual(
    candidates.map(({ tensors }) => orderOf(tensors).join("")).sort(),
    ["01234", "01324", "02134", "02314", "03124", "03214"],
  );
  for (const { assumedOrder, tensors } of candidates) {
    assert.deepEqual(assumedOrder, orderOf(tensors).slice(1, 4).map((layer) => names[layer]));
  }
  // Sorted within each type of number, as Python's safetensors sorts.
  const byType = [...tensors.filter((_, i) => i % 2 === 1), ...tensors.filter((_, i) => i % 2 === 0)];
  const halves = [...byName(byType.slice(0, 5)), ...byName(byType.slice(5))];
  assert.equal(recogniseModel(halves).length, 6);
});

Deno.test("a sorted file is not assumed to be in order just because its shapes fit", () => {
  // Weights come before biases in the alphabet, too, so that the file fits as it is, but second, third and fourth are
  // out of order.
  const tensors = named(["a", "second", "third", "fourth", "z"], ["kernel", "offset"]);
  assert.deepEqual(orderOf(byName(tensors)), [0, 3, 1, 2, 4]);
  assert.equal(recogniseModel(byName(tensors)).length, 6);
});

Deno.test("layers of different widths may also leave a choice", () => {
  // 784 → 6 → 4 → 6 → 6 → 10 or 784 → 6 → 6 → 4 → 6 → 10.
  const spec: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [6, 4, 6, 6] };
  const names = ["in", "down", "up", "across", "out"];
  const candidates = recogniseModel(byName(tensorsOf(spec, (i) => `${names[i >> 1]}.${i % 2 ? "bias" : "weight"}`)));
  assert.deepEqual(candidates.map(({ hiddenLayers }) => hiddenLayers.join()).sort(), ["6,4,6,6", "6,6,4,6"]);
  assert.deepEqual(
    candidates.map(({ assumedOrder }) => assumedOrder.join()).sort(),
    ["across,down,up", "down,up,across"],
  );
});

Deno.test("equal convolutions may leave a choice, too, alone and together with Linear layers", () => {
  const convolutions: Convolutions = { channels: [4, 4, 4], kernels: [3, 5, 3], padding: "valid" };
  const spec: ModelSpec = { modelType: "ConvNN", hiddenLayers: [6, 6, 6], convolutions };
  const names = ["stem", "zeta", "alpha", "in", "q", "p", "out"];
  const tensors = tensorsOf({ ...spec, convolutions: { ...convolutions, padding: "same" } }, (i) => (
    `${names[i >> 1]}.${i % 2 ? "bias" : "weight"}`
  ));
  const candidates = recogniseModel(byName(tensors));
  assert.deepEqual(
    candidates.map(({ convolutions, tensors }) => `${convolutions!.kernels} ${orderOf(tensors).join("")}`).sort(),
    ["3,3,5 0213456", "3,3,5 0213546", "3,5,3 0123456", "3,5,3 0123546"],
  );
  assert.deepEqual(candidates[0].assumedOrder.toSorted(), ["alpha", "p", "q", "zeta"]);
  assert.equal(recogniseModel(tensors).length, 1, "a module's own order");
  const numbered = tensorsOf(spec, (i) => `${i < 6 ? "conv" : "fc"}${8 + (i >> 1)}.${i % 2 ? "bias" : "weight"}`);
  assert.deepEqual(orderOf(only(recogniseModel(byName(numbered))).tensors), [0, 1, 2, 3, 4, 5, 6]);
});

Deno.test("a module's own order and numbers in names settle the order; if they contradict each other, both are candidates", () => {
  const words = named(["first", "second", "third", "fourth", "last"]);
  assert.deepEqual(orderOf(only(recogniseModel(words)).tensors), [0, 1, 2, 3, 4]);
  const numbers = named(["fc1", "fc2", "fc3", "fc10", "out"]);
  assert.deepEqual(orderOf(only(recogniseModel(byName(numbers))).tensors), [0, 1, 2, 3, 4]);
  const blocks = named(["net.0.linear", "net.3.linear", "net.12.linear", "net.20.linear"]);
  assert.deepEqual(orderOf(only(recogniseModel(byName(blocks))).tensors), [0, 1, 2, 3]);
  const contradicting = recogniseModel(named(["fc1", "fc3", "fc2", "out"]));
  assert.deepEqual(contradicting.map(({ tensors }) => orderOf(tensors)), [[0, 1, 2, 3], [0, 2, 1, 3]]);
  assert.deepEqual(contradicting[0].assumedOrder, ["fc3", "fc2"]);
});

Deno.test("six equal layers have 720 orders; seven are refused, and the error says what to do", () => {
  const letters = ["in", ..."qwertyu", "out"];
  const six = named(letters.toSpliced(7, 1));
  assert.equal(recogniseModel(byName(six)).length, 720);
  assert.throws(
    () => recogniseModel(byName(named(letters))),
    refused(/the layers "e", .* more than 720 orders.*Number their names .*fc1, fc2.*torch\.save/),
  );
  assert.equal(only(recogniseModel(named(letters))).tensors.length, 18);
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
    [reshaped(conv, 0, [32, 1, 7, 7]), /tensor 1, .*expected \[32, 1, 3, 3\], the kernels of a convolution of ConvNN/],
    [reshaped(conv, 0, [16, 1, 3, 3]), /tensor 1, .*expected \[32, 1, 3, 3\]/],
    [reshaped(conv, 2, [64, 32, 5, 3]), /tensor 3, .*expected \[64, 32, 3, 3\]/],
    [reshaped(conv, 4, [4, 1601]), /tensor 5, .*expected \[out, 3136\].*64 channels of 7 × 7 pixels/],
    [conv.slice(0, 1), /tensor 2 is missing: expected \[32\]/],
    [[{ name: "alone", shape: [], data: Float32Array.of(1) }], /"alone", has shape \[\]; expected \[out, 784\]/],
  ];
  for (const [tensors, message] of cases) assert.throws(() => recogniseModel(tensors), refused(message));
  assert.throws(
    () => recogniseModel(reshaped(conv, 2, [64, 32, 7, 7])),
    refused(/The file holds "net\.0" \[32, 1, 3, 3\], "net\.1" \[32\], .*"net\.7" \[10\]$/),
  );
});

Deno.test("weights that are not finite are refused, and the error names the tensor", () => {
  const tensors = tensorsOf({ modelType: "SimpleNN", hiddenLayers: [] });
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const broken = tensors.with(1, { ...tensors[1], data: tensors[1].data.with(7, wrong) });
    assert.throws(() => recogniseModel(broken), refused(new RegExp(`"head\\.0\\.bias" holds ${wrong} at index 7`)));
  }
});

Deno.test("many layers of the same shape that cannot form a model are refused at once", () => {
  const square: NamedTensor[] = Array.from({ length: 40 }, (_, i) => {
    const shape = i % 2 === 0 ? [784] : [784, 784];
    return { name: `${i >> 1}.${i % 2}`, shape, data: new Float32Array(1) };
  });
  const began = performance.now();
  assert.throws(() => recogniseModel(square), ModelFileError);
  assert.throws(() => recogniseModel(square.slice(0, 22)), ModelFileError);
  assert.ok(performance.now() - began < 1000);
});
