/**
 * Trains SimpleNN on MNIST in a script and writes the weights to a file that PyTorch can load.
 * `deno run --allow-read --allow-write core/examples/simple_nn.ts data/MNIST/raw simple_nn.pth`
 */
import { type DigitSet, type ModelSpec, openTrainer, parseImages, parseLabels, writePth } from "../mod.ts";

const SPEC: ModelSpec = { modelType: "SimpleNN", hiddenLayers: [128] };

async function readDigits(folder: string, set: "train" | "t10k"): Promise<DigitSet> {
  const [images, labels] = [`${folder}/${set}-images-idx3-ubyte`, `${folder}/${set}-labels-idx1-ubyte`];
  return {
    ...parseImages(await Deno.readFile(images), images),
    labels: parseLabels(await Deno.readFile(labels), labels).labels,
  };
}

/**
 * Trains one epoch on the IDX files in `folder`, writes a state dict to `file` and returns the accuracy in per cent.
 */
export async function trainSimpleNN(folder: string, file: string): Promise<number> {
  const dataset = { train: await readDigits(folder, "train"), test: await readDigits(folder, "t10k") };
  const trainer = await openTrainer({
    spec: SPEC,
    optimizer: "Adam",
    learningRate: 0.001,
    batchSize: 64,
    epochs: 1,
    seed: 1,
    dataset,
    device: "wasm",
  });
  while (trainer.step < trainer.totalSteps) {
    const losses = await trainer.run(100);
    console.log(`step ${trainer.step} of ${trainer.totalSteps}: loss ${losses.at(-1)!.toFixed(4)}`);
  }
  const accuracy = (await trainer.evaluate())!;
  await Deno.writeFile(file, writePth(await trainer.weights(), "simple_nn"));
  trainer.close();
  return accuracy;
}

if (import.meta.main) console.log(`${await trainSimpleNN(Deno.args[0], Deno.args[1])} % of the test digits`);
