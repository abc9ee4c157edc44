/** Compares twenty training steps with PyTorch's, recorded by `scripts/fixtures/make_training_fixtures.py`. */
import { backendFor, type DeviceName } from "../backends/open.ts";
import { assertAllClose } from "../testing/assert_all_close.ts";
import { hasWebGpu } from "../testing/backends.ts";
import { firstDigits, mnist } from "../testing/mnist.ts";
import { type Fixture, fixtures, initialWeights, specOf } from "../testing/pytorch_fixtures.ts";
import type { ModelSpec } from "../models/spec.ts";
import type { OptimizerName } from "./optimizers.ts";
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

async function train(fixture: Fixture, spec: ModelSpec, device: DeviceName, steps: number) {
  const digits = firstDigits(mnist().train, fixtures.steps * fixture.batch);
  const program = trainingProgram({
    spec,
    optimizer: fixture.optimizer as OptimizerName,
    learningRate: fixture.learning_rate,
    seed: 0,
    digits: { set: "train", count: digits.count, density: 0.19 },
    batch: fixture.batch,
    startOf: (step) => step * fixture.batch,
  });
  const session = await backendFor(device).open({ train: program });
  session.write(STATE.trainImages, digits.images);
  session.write(STATE.trainLabels, digits.labels);
  session.write(STATE.trainOrder, Int32Array.from({ length: digits.count }, (_, i) => i));
  writeParameters(session, spec, initialWeights(spec));
  const { loss } = await session.run("train", 0, steps);
  const weights = await readParameters(session, spec);
  session.close();
  return { loss, weights };
}

for (const device of ["wasm", "webgpu", "reference"] as const) {
  for (const fixture of fixtures.runs) {
    const spec = specOf(fixture);
    const name = `${fixture.model_type} [${fixture.hidden_layers}] with ${fixture.optimizer}`;
    // A step of ConvNN takes half a second in plain float64 loops and a fifth of a second on a software GPU.
    const isConv = spec.modelType === "ConvNN", isAdam = fixture.optimizer === "Adam";
    const isSlowDevice = device !== "wasm";
    const isLong = Deno.env.get("LAB_LONG") === "1";
    // Each optimiser steps a SimpleNN there, and a ConvNN on WASM.
    if (isSlowDevice && isConv && !isAdam && !isLong) continue;
    const isSlow = device === "reference" && (isConv || !isAdam);
    const steps = isSlow && !isLong ? 3 : fixtures.steps;
    const title = `${steps} steps of ${name} on ${device} agree with PyTorch's losses and weights`;
    Deno.test({ name: title, ignore: device === "webgpu" && !hasWebGpu }, async () => {
      const { loss, weights } = await train(fixture, spec, device, steps);
      assertAllClose(loss, fixture.losses.slice(0, steps), { relative: 1e-4, absolute: 0 }, "losses");
      if (steps < fixtures.steps) return;
      fixture.tensors.forEach(({ name, norm, samples }, i) => {
        const { data } = weights[i];
        const ours = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
        assertAllClose([ours], [norm], { relative: 1e-5, absolute: 0 }, `norm of ${name}`);
        // Adam and RMSprop divide by the root of tiny squares, so a rounding error in a gradient near 0 can move a
        // weight by a large part of the learning rate.
        const tolerance = { relative: 1e-4, absolute: fixture.learning_rate * 0.05 };
        assertAllClose(samples.map(([index]) => data[index]), samples.map(([, value]) => value), tolerance, name);
      });
    });
  }
}
