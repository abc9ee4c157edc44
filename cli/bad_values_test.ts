/** Tests that every door refuses the same bad values of a configuration, naming the field and what it takes. */
import assert from "node:assert/strict";
import { DrawingReader } from "../inference_service/drawing/drawing_reader.ts";
import { PredictorCache } from "../inference_service/predictor_cache.ts";
import { appOn, MemoryStore, params, pngUrl, record, stroke } from "../inference_service/testing.ts";
import { DEFAULT_CONFIG, FIELD_NAMES, type FieldName, fieldOf } from "../protocol/mod.ts";
import { formOf, pythonModel, withImportLab } from "../training_service/testing/open_lab.ts";
import { withLab } from "../training_service/testing/lab.ts";
import { readConfig } from "./train.ts";

interface BadValues {
  field: FieldName;
  /** What the refusal says that the field takes. */
  takes: RegExp;
  values: readonly unknown[];
  /** Settings beside which the field counts. */
  beside?: object;
}

const FRACTION = /a number from 0 up to, but not including, 1/;
const conv = { model_type: "ConvNN" };

const BAD: readonly BadValues[] = [
  { field: "model_type", takes: /one of SimpleNN, ConvNN/, values: ["MLP", "simplenn", 1] },
  {
    field: "hidden_layers_config",
    takes: /a whole number from 1 to 2048|a list of layer widths|at most 8 layers/,
    values: [[0], [2049], [1.5], ["128"], 128, "128,", [[64]], new Array(9).fill(8)],
  },
  { field: "optimizer", takes: /one of Adam, SGD, RMSprop, AdamW/, values: ["Adagrad", "adam", 2] },
  {
    field: "learning_rate",
    takes: /a number greater than 0 and at most 1/,
    values: [0, -0.1, 1.1, "fast", [0.1], true],
  },
  { field: "batch_size", takes: /a whole number from 1 to 2048/, values: [0, 3.5, 2049, -8, "many"] },
  { field: "num_epochs", takes: /a whole number from 1 to 200/, values: [0, 201, 1.5, {}] },
  { field: "use_dropout", takes: /true or false/, values: ["perhaps", 2, []] },
  { field: "dropout_p", takes: FRACTION, values: [1, -0.1, "half"], beside: { use_dropout: true } },
  {
    field: "conv_channels",
    takes: /a whole number from 1 to 256|a list of 1 to 4 numbers/,
    values: [[], [0], [257], [8, 8, 8, 8, 8], 32, [1.5], ["x"]],
    beside: conv,
  },
  {
    field: "conv_kernels",
    takes: /3 or 5|a list of 1 to 4 numbers/,
    values: [[4, 3], [7, 3], [9], [], 3, ["3", "x"]],
    beside: conv,
  },
  { field: "conv_padding", takes: /one of same, valid/, values: ["full", 1, ["same"]], beside: conv },
  { field: "activation", takes: /one of relu, gelu, tanh, sigmoid/, values: ["swish", "ReLU", 1] },
  { field: "lr_schedule", takes: /one of constant, cosine, one_cycle/, values: ["linear", "onecycle", true] },
  { field: "momentum", takes: FRACTION, values: [1, -0.1, "x", [0.9]], beside: { optimizer: "SGD" } },
  {
    field: "betas",
    takes: /a number from 0 up to, but not including, 1|a list of two numbers/,
    values: [0.9, [0.9], [0.9, 0.99, 0.999], [1, 0.9], [0.9, -1], ["a", "b"], {}],
  },
  { field: "weight_decay", takes: /a number from 0 to 1/, values: [-0.1, 1.1, "x", true] },
  { field: "label_smoothing", takes: FRACTION, values: [1, -0.1, "x", [0.1]] },
];

interface Refused {
  field: FieldName;
  value: unknown;
  config: Record<string, unknown>;
  takes: RegExp;
}

const CASES: readonly Refused[] = BAD.flatMap(({ field, takes, values, beside }) =>
  values.map((value) => ({ field, value, takes, config: { ...DEFAULT_CONFIG, ...beside, [field]: value } }))
);

/** One of each field, where each takes a worker that reads a file; all of them in the long run. */
const IMPORTED = Deno.env.get("LAB_LONG") === "1"
  ? CASES
  : CASES.filter(({ field }, i) => CASES.findIndex((one) => one.field === field) === i);

/** Checks a refusal; an entry of a list is named as `betas.1`. */
function assertRefused({ field, value, takes }: Refused, message: string, named = message) {
  const what = `${field} ${JSON.stringify(value)}: ${message}`;
  assert.ok(named.startsWith(field) || named.startsWith(`params.${field}`), what);
  assert.match(message, takes, what);
  assert.match(message, /, got /, what);
}

Deno.test("there are bad values of every field", () => {
  assert.deepEqual(BAD.map(({ field }) => field).sort(), [...FIELD_NAMES].sort());
  assert.ok(CASES.length >= 60);
});

Deno.test("a training run with a bad value is refused over the socket", () =>
  withLab(async (lab) => {
    for (const refused of CASES) {
      const client = await lab.connect("/ws/train");
      client.send(refused.config);
      const { message, field } = await client.next("error");
      assertRefused(refused, message, field);
      client.socket.close();
    }
    assert.deepEqual(lab.runs.list(), []);
  }));

Deno.test("so it is in the terminal", async () => {
  for (const refused of CASES) {
    await assert.rejects(readConfig(JSON.stringify(refused.config)), ({ name, message }: Error) => {
      assert.equal(name, "UsageError");
      assertRefused(refused, message);
      return true;
    });
  }
});

Deno.test("an import with a bad value is refused, in its config and as text, and stores nothing", () =>
  withImportLab(async ({ registry, post }) => {
    const model = pythonModel("model_simplenn_adam_1762740520");
    for (const refused of IMPORTED) {
      const { status, body } = await post(formOf(model, "model.pth", { config: JSON.stringify(refused.config) }));
      assert.equal(status, 400);
      assertRefused(refused, body.error, body.field);
    }
    // In a form or query, lists are numbers with commas between them.
    for (const refused of IMPORTED.filter(({ value }) => typeof value !== "object" && typeof value !== "boolean")) {
      const { field, value, config } = refused;
      if (fieldOf(field).kind === "list" && typeof value === "number") continue;
      const { status, body } = await post(model, `?${new URLSearchParams({ [field]: String(value) })}`);
      assert.equal(status, 400, `${field} ${value} ${JSON.stringify(config)}`);
      assertRefused(refused, body.error, body.field);
    }
    assert.deepEqual(await registry.list(), []);
  }));

Deno.test("so is a prediction whose params have one", async () => {
  const drawings = new DrawingReader();
  const app = appOn(
    new MemoryStore([record()]),
    new PredictorCache(() => Promise.reject(new Error("asked"))),
    drawings,
  );
  for (const refused of CASES) {
    const { field, value } = refused, row = fieldOf(field);
    // A learning rate is looked up by its range, and the probability of dropout not at all.
    if (row.ranges !== undefined || (row.param === undefined && row.usual === undefined)) continue;
    const name = row.param ?? field;
    const body = JSON.stringify({ params: { ...params, [name]: value }, image_data: pngUrl(stroke()) });
    const response = await app.request("/predict", { method: "POST", body });
    const { error, field: named } = await response.json();
    assert.equal(response.status, 400, `${name} ${JSON.stringify(value)}`);
    assertRefused({ ...refused, field: name as FieldName }, error, named);
  }
  drawings.close();
});
