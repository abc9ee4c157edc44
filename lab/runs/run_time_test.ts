import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type TrainConfig, ValidationError } from "../../protocol/mod.ts";
import { RunTimes, timeText } from "./run_time.ts";

const HOUR = 3600, LIMIT = 12 * HOUR;
const newTimes = () => new RunTimes({ device: "auto", trainImages: 60_000 });

function configOf(fields: Partial<TrainConfig>): TrainConfig {
  return {
    ...DEFAULT_CONFIG,
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate: 0.001,
    num_epochs: 200,
    batch_size: 64,
    hidden_layers_config: [128],
    ...fields,
  };
}

function refusal(config: TrainConfig, maxSeconds = LIMIT): ValidationError {
  try {
    newTimes().requireShort(config, maxSeconds);
  } catch (error) {
    if (error instanceof ValidationError) return error;
  }
  assert.fail("not refused");
}

Deno.test("the longest training runs that people ask for fit into twelve hours", () => {
  newTimes().requireShort(configOf({}), LIMIT);
  newTimes().requireShort(configOf({ batch_size: 1 }), LIMIT);
  newTimes().requireShort(configOf({ model_type: "ConvNN" }), LIMIT);
  newTimes().requireShort(configOf({ num_epochs: 5, hidden_layers_config: new Array(8).fill(512) }), LIMIT);
});

Deno.test("a training run that would take a week is refused, and the error gives the estimate and the field that would help", () => {
  const large = refusal(configOf({ hidden_layers_config: new Array(8).fill(2048) }));
  assert.equal(large.field, "num_epochs");
  assert.match(
    large.message,
    /187,600 steps would take about [\d.]+ days here, .*at most 12 hours .*At most \d+ would fit/,
  );
  const small = refusal(configOf({ batch_size: 1, hidden_layers_config: [2048] }));
  assert.equal(small.field, "batch_size");
  assert.match(small.message, /12,000,000 steps.*batch_size of 64 would take about .* hours?/);
  const none = refusal(
    configOf({ num_epochs: 1, model_type: "ConvNN", hidden_layers_config: new Array(8).fill(2048) }),
    60,
  );
  assert.equal(none.field, "hidden_layers_config");
});

Deno.test("finished training runs correct the estimate, within bounds", () => {
  const times = newTimes(), config = configOf({});
  const first = times.secondsOf(config);
  times.learn(config, times.stepsOf(config), 1);
  assert.equal(times.secondsOf(config), first, "too short to learn from");
  for (let i = 0; i < 9; i++) times.learn(config, times.stepsOf(config), first / 2);
  assert.equal(times.secondsOf(config), first / 2);
  times.learn(config, times.stepsOf(config), 1000 * first);
  assert.equal(times.secondsOf(config), first / 2, "one odd training changes nothing");
  for (let i = 0; i < 9; i++) times.learn(config, times.stepsOf(config), 1000 * first);
  assert.equal(times.secondsOf(config), 4 * first);
  assert.equal(
    times.secondsOf(configOf({ model_type: "ConvNN" })),
    newTimes().secondsOf(configOf({ model_type: "ConvNN" })),
  );
});

Deno.test("the estimate for a resumed training covers only the remaining steps", () => {
  const config = configOf({ batch_size: 1, hidden_layers_config: [2048, 2048] });
  newTimes().requireShort(config, LIMIT, 1000);
  assert.throws(() => newTimes().requireShort(config, LIMIT, 11_000_000), /resume: the remaining 11,000,000 steps/);
});

Deno.test("times are given in a suitable unit", () => {
  assert.deepEqual([90, 1500, 12_600, 86_400 * 36].map(timeText), ["90 seconds", "25 minutes", "3.5 hours", "36 days"]);
});
