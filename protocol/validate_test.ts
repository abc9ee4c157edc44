import assert from "node:assert/strict";
import * as v from "valibot";
import { PredictRequestSchema } from "./prediction.ts";
import { ImportConfigSchema, ResumeRequestSchema, TrainConfigSchema } from "./requests.ts";
import { ClientMessageSchema } from "./messages.ts";
import { DEFAULT_CONFIG } from "./model_config.ts";
import { paramsOf } from "./models.ts";
import { nearestName, parseJson, validate, ValidationError } from "./validate.ts";

function refused(text: string): string {
  try {
    parseJson(text, "the body");
  } catch (error) {
    return (error as Error).message;
  }
  assert.fail("this text should be refused");
}

Deno.test("valid JSON is parsed as JSON.parse does, whatever its strings contain", () => {
  const values = [null, 0, "[[[{,,,", { a: ['\\"[', "\\", '"', { b: [] }] }, "{".repeat(100), {
    ["[".repeat(50)]: "\\\\",
  }];
  for (const value of values) assert.deepEqual(parseJson(JSON.stringify(value), "the body"), value);
});

Deno.test("JSON that is nested too deeply or has too many values is refused before it is parsed", () => {
  const start = performance.now();
  for (const nest of ["[".repeat(10_000_000), '{"a":'.repeat(1_000_000), `{"a":"x",${'"b":['.repeat(40)}`]) {
    assert.match(refused(nest), /the body is nested too deeply: at most 32 levels/);
  }
  assert.match(refused(`[${"1,".repeat(5_000_000)}1]`), /too many values: at most 10000/);
  assert.match(refused(`[${"{},".repeat(1_000_000)}1]`), /too many values/);
  assert.ok(performance.now() - start < 500);
});

/** How often `run` calls methods that look at a text. */
function countLooks(run: () => void): number {
  let count = 0;
  const counted: [object, string][] = [
    [RegExp.prototype, "exec"],
    ...["indexOf", "startsWith", "charCodeAt", "slice"].map((name): [object, string] => [String.prototype, name]),
  ];
  const originals = counted.map(([owner, name]) => Reflect.get(owner, name));
  counted.forEach(([owner, name], i) =>
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
      count++;
      return Reflect.apply(originals[i], this, args);
    })
  );
  try {
    run();
  } finally {
    counted.forEach(([owner, name], i) => Reflect.set(owner, name, originals[i]));
  }
  return count;
}

Deno.test("a long text that is not JSON is refused after a bounded number of looks at it", () => {
  const size = 2 ** 20;
  const fill = (unit: string, start = "", end = "") => start + unit.repeat(size / unit.length) + end;
  const texts = ["x", "1", " ", "N", "-I", "NaN", "NaN ", "Infinity", "]", ":NaN]", ":", '"', '"",', '":"'].map((
    unit,
  ) => fill(unit, "", "x"));
  texts.push(fill("abcd", '{"image_data": "data:image/png;base64,'), fill("NaN ", '["', '"'));
  texts.push('{"a": NaN}' + fill("NaN,"), "[NaN," + fill("x"));
  for (const text of texts) {
    const looks = countLooks(() => refused(text));
    assert.ok(looks < 200_000, `${looks} looks at ${text.slice(0, 20)}…`);
  }
  // Where single characters must be looked at, each is looked at a few times in all.
  for (
    const text of [
      fill("\\", '["', '"'),
      fill('\\"', '["', '"'),
      fill("\\\\", '["', '\\"'),
      fill(" ", "[NaN", fill(" ", "NaN") + "x"),
    ]
  ) {
    const looks = countLooks(() => refused(text));
    assert.ok(looks < 4 * text.length, `${looks} looks at ${text.length} characters`);
  }
});

Deno.test("invalid JSON is reported as such", () => {
  for (const text of ["", "{", '"', '"\\"', "nul", "]", "{'a':1}", "\0"]) {
    assert.equal(refused(text), "the body is not valid JSON");
  }
});

function faultOf(schema: v.GenericSchema<unknown, unknown>, value: unknown): ValidationError {
  try {
    validate(schema, value, "the configuration");
  } catch (error) {
    if (error instanceof ValidationError) return error;
    throw error;
  }
  assert.fail("this value should be refused");
}

Deno.test("an unknown field is refused by name, with the nearest known one, wherever a configuration is accepted", () => {
  const params = paramsOf(DEFAULT_CONFIG), image_data = "data:image/png;base64,AA";
  const cases: [v.GenericSchema<unknown, unknown>, object, string, string][] = [
    [TrainConfigSchema, { ...DEFAULT_CONFIG, sed: 1 }, "sed", "unknown field `sed`; did you mean `seed`?"],
    [TrainConfigSchema, { ...DEFAULT_CONFIG, use_droput: true }, "use_droput", "did you mean `use_dropout`?"],
    [ImportConfigSchema, { learning_rat: 0.1 }, "learning_rat", "did you mean `learning_rate`?"],
    [ResumeRequestSchema, { resume: "run_1", devcie: "wasm" }, "devcie", "did you mean `device`?"],
    [
      PredictRequestSchema,
      { params: { ...params, epoch: 5 }, image_data },
      "params.epoch",
      "params.epoch: unknown field `epoch`; did you mean `epochs`?",
    ],
    [PredictRequestSchema, { params, image_dta: "", image_data }, "image_dta", "did you mean `image_data`?"],
    [ClientMessageSchema, { type: "overwrite", value: true, valeu: false }, "valeu", "did you mean `value`?"],
  ];
  for (const [schema, value, field, words] of cases) {
    const fault = faultOf(schema, value);
    assert.equal(fault.field, field);
    assert.ok(fault.message.endsWith(words), fault.message);
  }
  const { learning_rate: _, ...rest } = DEFAULT_CONFIG;
  assert.equal(
    faultOf(TrainConfigSchema, { ...rest, learningrate: 1 }).message,
    "unknown field `learningrate`; did you mean `learning_rate`?",
    "not that learning_rate is missing",
  );
  assert.match(
    faultOf(TrainConfigSchema, { ...DEFAULT_CONFIG, temperature: 0.9 }).message,
    /^unknown field `temperature`; known are model_type, /,
  );
});

Deno.test("the nearest name is found despite typing errors, another spelling or a missing part; otherwise there is none", () => {
  const known = Object.keys(DEFAULT_CONFIG).concat("num_layers", "seed", "device");
  const cases = {
    sede: "seed",
    "learning-rate": "learning_rate",
    LearningRate: "learning_rate",
    optimiser: "optimizer",
    epochs: "num_epochs",
    hidden_layers: "hidden_layers_config",
    modeltype: "model_type",
    dropout_probability: "dropout_p",
    keep: undefined,
    momentum: undefined,
    "": undefined,
    ["x".repeat(1e6)]: undefined,
  };
  for (const [name, meant] of Object.entries(cases)) assert.equal(nearestName(name, known), meant, name.slice(0, 30));
});

Deno.test("a list in the place of an object is refused as such", () => {
  assert.equal(faultOf(TrainConfigSchema, [DEFAULT_CONFIG]).message, "the configuration must be a JSON object");
  const fault = faultOf(PredictRequestSchema, { params: ["SimpleNN"], image_data: "data:image/png;base64,AA" });
  assert.deepEqual([fault.message, fault.field], ['params must be a JSON object, got ["SimpleNN"]', "params"]);
});

Deno.test("null, NaN and a missing field mean the same for an optional field, and a required one is missing in each case", () => {
  const { use_dropout: _, dropout_p: __, ...required } = DEFAULT_CONFIG;
  const read = (fields: string) =>
    parseJson(`\ufeff${JSON.stringify(required).slice(0, -1)}${fields}}`, "the configuration");
  for (const value of ["null", "NaN"]) {
    const given = read(`, "use_dropout": ${value}, "dropout_p": ${value}`);
    assert.deepEqual(validate(TrainConfigSchema, given, "the configuration"), DEFAULT_CONFIG);
    const fault = faultOf(TrainConfigSchema, read(`, "learning_rate": ${value}`));
    assert.equal(fault.message, "learning_rate is missing");
  }
  assert.match(
    faultOf(TrainConfigSchema, read(', "dropout_p": -Infinity')).message,
    /^dropout_p must be .*, got -Infinity$/,
  );
  const image_data = "data:image/png;base64,AA";
  assert.equal(validate(PredictRequestSchema, { params: null, model_id: "m", image_data }, "the body").model_id, "m");
  const byParams = { params: paramsOf(DEFAULT_CONFIG), model_id: null, image_data };
  assert.deepEqual(validate(PredictRequestSchema, byParams, "the body"), byParams);
});

Deno.test("only Python's extensions of JSON are read, and not within strings", () => {
  assert.deepEqual(parseJson('{"a": NaN, "b": [-Infinity, Infinity], "NaN": "NaN, \\"Infinity"}', "the body"), {
    a: null,
    b: [-Infinity, Infinity],
    NaN: 'NaN, "Infinity',
  });
  for (const text of ["nan", "NaNa", "-NaN", "{NaN: 1}", "[NaN", "+Infinity"]) {
    assert.equal(refused(text), "the body is not valid JSON", text);
  }
});
