/**
 * Prints the test accuracy of ConvNN [128], Adam 0.001, batch 64, after each epoch: one JSON line per seed.
 *
 * Usage: deno run -A scripts/accuracy/convnn.ts [SEEDS] [EPOCHS]
 */
import { openTrainer } from "../../core/training/trainer.ts";
import { readSettings } from "../../service/process/settings.ts";
import { readDataset } from "../../service/dataset/dataset.ts";

const [seeds = 5, epochs = 5] = Deno.args.map(Number);
const dataset = await readDataset(readSettings().dataDir);

for (let seed = 1; seed <= seeds; seed++) {
  const trainer = await openTrainer({
    spec: { modelType: "ConvNN", hiddenLayers: [128] },
    optimizer: "Adam",
    learningRate: 0.001,
    batchSize: 64,
    epochs,
    seed,
    dataset,
    device: "wasm",
  });
  const accuracies: number[] = [];
  while (trainer.step < trainer.totalSteps) {
    await trainer.run(trainer.stepsPerEpoch);
    if (trainer.step % trainer.stepsPerEpoch === 0) accuracies.push((await trainer.evaluate())!);
  }
  trainer.close();
  console.log(JSON.stringify({ seed, accuracies }));
}
