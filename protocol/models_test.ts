import assert from "node:assert/strict";
import { findMatch, findNearest } from "./models.ts";
import { params, record } from "./models_testing.ts";

Deno.test("among several matches the most accurate wins, then the newest", () => {
  const records = [
    record({ id: "old", accuracy: 95, timestamp: 1 }),
    record({ id: "new", accuracy: 95, timestamp: 2 }),
    record({ id: "newer but worse", accuracy: 94, timestamp: 3 }),
    record({ id: "best but another", accuracy: 99, timestamp: 4, optimizer: "SGD" }),
  ];
  assert.equal(findMatch(records, params)?.id, "new");
  assert.equal(findMatch([], params), undefined);
});

Deno.test("both ends of a learning-rate range belong to it", () => {
  for (const learning_rate of [1e-3, 1e-2]) {
    assert.ok(findMatch([record({ learning_rate })], params));
  }
  for (const learning_rate of [0.00099, 0.0101]) {
    assert.equal(findMatch([record({ learning_rate })], params), undefined);
  }
  assert.ok(findMatch([record({ learning_rate: 1e-3 })], { ...params, learning_rate_range: "Medium High" }));
});

Deno.test("the nearest model has the fewest differences, then the highest accuracy, then the latest timestamp", () => {
  const records = [
    record({ id: "two off", accuracy: 99, batch_size: 64, num_epochs: 2 }),
    record({ id: "worse", accuracy: 90, batch_size: 64 }),
    record({ id: "old", accuracy: 95, num_epochs: 2, timestamp: 1 }),
    record({ id: "new", accuracy: 95, learning_rate: 0.5, timestamp: 2 }),
  ];
  assert.deepEqual(findNearest(records, params), { model: records[3], differs: ["learning_rate_range"] });
  assert.equal(findNearest([], params), null);
});

const ASSUMED = ["optimizer", "learning_rate", "batch_size", "num_epochs"];

Deno.test("a model whose past is unknown answers only if none is known to match, and the fewest assumptions win", () => {
  const unknown = record({ id: "import", accuracy: 99, imported: true, assumed: ASSUMED });
  const partly = record({ id: "half known", accuracy: 90, imported: true, assumed: ["batch_size"] });
  const stated = record({ id: "stated", accuracy: 80, imported: true });
  const known = record({ id: "known", accuracy: 85 });
  for (const order of [[unknown, partly, stated, known], [known, stated, partly, unknown]]) {
    assert.equal(findMatch(order, params), known, "a stated past counts as known");
    assert.equal(findMatch(order.filter((each) => each !== known), params), stated);
    assert.equal(findMatch(order.filter((each) => each === unknown || each === partly), params), partly);
  }
  assert.equal(findMatch([unknown], params), unknown);
  assert.equal(findMatch([unknown], { ...params, optimizer: "SGD" }), undefined);
  assert.equal(findMatch([record({ assumed: ["seed", 7] }), known], params)?.accuracy, 94.1, "others do not matter");
  for (const assumed of ["optimizer", null, { optimizer: true }]) {
    assert.equal(findMatch([record({ id: "other program", accuracy: 99, assumed }), known], params)?.accuracy, 99);
  }
});

Deno.test("among the nearest models unknown fields count as different, and are named", () => {
  const wanted = { ...params, hidden_layers_config: [64] };
  const unknown = record({ id: "import", accuracy: 99, assumed: ASSUMED });
  const known = record({ id: "known", accuracy: 85, batch_size: 64, num_epochs: 2 });
  assert.deepEqual(findNearest([unknown, known], wanted), {
    model: known,
    differs: ["hidden_layers_config", "batch_size", "epochs"],
  });
  assert.deepEqual(findNearest([unknown], wanted)?.differs, [
    "hidden_layers_config",
    "optimizer",
    "learning_rate_range",
    "batch_size",
    "epochs",
  ]);
});

Deno.test("200,000 models are matched without a stack overflow, and among equals the first wins", () => {
  const many = Array.from({ length: 200_000 }, (_, i) => record({ id: `m${i}`, batch_size: 64 }));
  assert.equal(findNearest(many, params)?.model, many[0]);
  assert.equal(findMatch(many, { ...params, batch_size: 64 }), many[0]);
});

Deno.test("settings beyond the usual ones only matter if a request names them, and then usual values count, too", () => {
  const records = [
    record({ id: "usual", accuracy: 95 }),
    record({ id: "tanh", accuracy: 96, activation: "tanh" }),
    record({ id: "smooth", accuracy: 97, activation: "tanh", label_smoothing: 0.1 }),
  ];
  assert.equal(findMatch(records, params)?.id, "smooth");
  assert.equal(findMatch(records, { ...params, activation: null })?.id, "smooth");
  assert.equal(findMatch(records, { ...params, activation: "relu" })?.id, "usual");
  assert.equal(findMatch(records, { ...params, label_smoothing: 0 })?.id, "tanh");
  assert.equal(findMatch(records, { ...params, activation: "gelu" }), undefined);
  assert.deepEqual(findNearest(records, { ...params, activation: "gelu" }), {
    model: records[2],
    differs: ["activation"],
  });
});
