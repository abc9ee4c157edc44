import assert from "node:assert/strict";
import { firstDigits, mnist } from "../testing/mnist.ts";
import { type ChoiceProbes, openTrainerOn } from "./device_choice.ts";
import type { TrainerOptions } from "./trainer.ts";

const options = (): Omit<TrainerOptions, "device"> => ({
  spec: { modelType: "SimpleNN", hiddenLayers: [4] },
  optimizer: "SGD",
  learningRate: 0.1,
  batchSize: 8,
  epochs: 1,
  seed: 1,
  dataset: { train: firstDigits(mnist().train, 16), test: firstDigits(mnist().test, 10) },
});

const gpu = { description: "a GPU", isSoftware: false };
const probes = (adapter: typeof gpu | undefined, speeds: Record<string, number>): ChoiceProbes => ({
  findAdapter: () => Promise.resolve(adapter),
  measure: ({ device }) =>
    device in speeds
      ? Promise.resolve(speeds[device])
      : Promise.reject(new Error(`${device} should not have been timed`)),
});

async function choose(choice: "auto" | "reference", given: ChoiceProbes) {
  const { trainer, reason } = await openTrainerOn(choice, options(), given);
  trainer.close();
  return { device: trainer.device, reason };
}

Deno.test("auto chooses WASM when there is no adapter or only a software adapter", async () => {
  assert.equal((await choose("auto", probes(undefined, {}))).device, "wasm");
  assert.equal((await choose("auto", probes({ ...gpu, isSoftware: true }, {}))).device, "wasm");
});

Deno.test("auto chooses WASM when it is faster than the GPU for this model, and says so", async () => {
  const { device, reason } = await choose("auto", probes(gpu, { wasm: 900, webgpu: 300 }));
  assert.equal(device, "wasm");
  assert.equal(reason, "300 steps/s on a GPU, 900 on WASM");
});

Deno.test("auto chooses WASM when the GPU fails", async () => {
  const { device, reason } = await choose("auto", probes(gpu, { wasm: 900 }));
  assert.equal(device, "wasm");
  assert.match(reason, /cannot run this model/);
});

Deno.test("a device requested by name is not timed", async () => {
  assert.equal((await choose("reference", probes(gpu, {}))).device, "reference");
});
