/** Compares twenty training steps with PyTorch's, recorded by `scripts/fixtures/make_training_fixtures.py`. */
import { backendFor, type DeviceName } from "../backends/open.ts";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { hasWebGpu } from "../testing/backends.ts";
import { firstDigits, mnist } from "../testing/mnist.ts";
import {
  type Fixture,
  fixtures,
  initialWeights,
  recipeFixtures,
  recipeOf,
  specOf,
} from "../testing/pytorch_fixtures.ts";
import { readParameters, writeParameters } from "../models/parameters.ts";
import { openPredictor } from "./predictor.ts";
import { STATE, trainingProgram } from "./programs.ts";

for (const device of ["wasm", "webgpu", "reference"] as const) {
  Deno.test(
    { name: `logits on ${device} agree with PyTorch's`, ignore: device === "webgpu" && !hasWebGpu },
    async () => {
      for (const fixture of fixtures.runs) {
        const spec = specOf(fixture);
        const predictor = await openPredictor(spec, initialWeights(spec), { device, batch: 3 });
        await predictor.predict(mnist().train.images.subarray(0, 3 * 784));
        assertAllClose(
          await predictor.logits(),
          fixture.initial_logits.flat(),
          { relative: 0, absolute: 1e-4 },
          "logits",
        );
        predictor.close();
      }
    },
  );
}

async function train(fixture: Fixture, device: DeviceName, steps: number) {
  const digits = firstDigits(mnist().train, fixtures.steps * fixture.batch), recipe = recipeOf(fixture);
  const program = trainingProgram({
    ...recipe,
    digits: { set: "train", count: digits.count, density: 0.19 },
    batch: fixture.batch,
    totalSteps: fixtures.steps,
    startOf: (step) => step * fixture.batch,
  });
  const session = await backendFor(device).open({ train: program });
  session.write(STATE.trainImages, digits.images);
  session.write(STATE.trainLabels, digits.labels);
  session.write(STATE.trainOrder, Int32Array.from({ length: digits.count }, (_, i) => i));
  writeParameters(session, recipe.spec, initialWeights(recipe.spec));
  const { loss } = await session.run("train", 0, steps);
  const weights = await readParameters(session, recipe.spec);
  session.close();
  return { loss, weights };
}

async function compare(fixture: Fixture, device: DeviceName, steps: number) {
  const { loss, weights } = await train(fixture, device, steps);
  assertAllClose(loss, fixture.losses.slice(0, steps), { relative: 1e-4, absolute: 0 }, "losses");
  if (steps < fixtures.steps) return;
  fixture.tensors.forEach(({ name, norm, samples }, i) => {
    const { data } = weights[i];
    const ours = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
    assertAllClose([ours], [norm], { relative: 1e-5, absolute: 0 }, `norm of ${name}`);
    // Adam and RMSprop divide by the root of tiny squares, so a rounding error in a gradient near 0 can move a weight
    // by a large part of the learning rate.
    const tolerance = { relative: 1e-4, absolute: fixture.learning_rate * 0.05 };
    assertAllClose(samples.map(([index]) => data[index]), samples.map(([, value]) => value), tolerance, name);
  });
}

const isLong = Deno.env.get("LAB_LONG") === "1";

function nameOf({ model_type, hidden_layers, optimizer }: Fixture): string {
  return `${model_type} [${hidden_layers}] with ${optimizer}`;
}

for (const device of ["wasm", "webgpu", "reference"] as const) {
  for (const fixture of fixtures.runs) {
    // A step of ConvNN takes half a second in plain float64 loops and a fifth of a second on a software GPU.
    const isConv = fixture.model_type === "ConvNN", isAdam = fixture.optimizer === "Adam";
    // Each optimiser steps a SimpleNN there, and a ConvNN on WASM.
    if (device !== "wasm" && isConv && !isAdam && !isLong) continue;
    const isSlow = device === "reference" && (isConv || !isAdam);
    const steps = isSlow && !isLong ? 3 : fixtures.steps;
    const title = `${steps} steps of ${nameOf(fixture)} on ${device} agree with PyTorch's losses and weights`;
    Deno.test({
      name: title,
      ignore: device === "webgpu" && !hasWebGpu,
      fn: () => compare(fixture, device, steps),
    });
  }
}

// What they add is arithmetic of ops that are tested on every backend, so the short run has one.
for (const device of isLong ? ["wasm", "webgpu", "reference"] as const : ["wasm"] as const) {
  for (const fixture of recipeFixtures) {
    const { losses: _, tensors: __, initial_logits: ___, batch: ____, ...told } = fixture;
    Deno.test({
      name: `20 steps of ${JSON.stringify(told)} on ${device} agree with PyTorch's losses and weights`,
      ignore: device === "webgpu" && !hasWebGpu,
      fn: () => compare(fixture, device, fixtures.steps),
    });
  }
}
