/** Compares with JAX and PyTorch on the same weights and batches. */
import { join } from "node:path";
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import { writePth } from "../../core/formats/pth/writer.ts";
import { writeSafetensors } from "../../core/formats/safetensors.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec } from "../../core/models/spec.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import { openPredictor } from "../../core/training/predictor.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { permutation, STREAMS } from "../../core/random.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import type { Bench, Figure } from "./case.ts";
import { SEED, THREAD_COUNTS, trainerOptions, type TrainingConfig } from "./configs.ts";
import { imagesPerSecond } from "./inference.ts";
import { best, compareInTurn } from "./measure.ts";
import { type Companion, findPython, startCompanion } from "./peers.ts";
import { withFolder } from "./service_process.ts";
import { PROOF_STEPS, trainingSpeed } from "./training.ts";

/** A system that trains in Python. */
export interface Peer {
  name: string;
  /** Modules that its Python must have. */
  modules: readonly string[];
  script: string;
  /** Ways to train that its script supports, such as with a compiler; the fastest one counts. */
  ways: readonly string[];
}

const script = (name: string) => join(import.meta.dirname!, name);

const PYTORCH: Peer = {
  name: "PyTorch",
  modules: ["torch", "numpy"],
  script: script("peer_pytorch.py"),
  ways: ["eager", "fused", "compile"],
};
const JAX: Peer = { name: "JAX", modules: ["jax", "numpy"], script: script("peer_jax.py"), ways: ["jit"] };

/** The systems that training runs are compared with. */
export const TRAINING_PEERS: readonly Peer[] = [JAX, PYTORCH];

/** How long, in s, to try each way and number of threads of a peer before the fastest is compared. */
const TRIAL_SECONDS = 1;

/** Both train from the same initial weights, and their first losses must agree. */
export async function compareTraining(bench: Bench, config: TrainingConfig, peer: Peer): Promise<Figure[]> {
  const { spec, batchSize } = config;
  const order = permutation(SEED, STREAMS.order, 0, bench.dataset.train.count);
  const rows = Array.from(
    { length: PROOF_STEPS },
    (_, step) => [...order.subarray(step * batchSize, (step + 1) * batchSize)],
  );
  const request = { open: "train", rows, batch_size: batchSize };
  return await withPeer(bench, peer, spec, request, async ({ proof, rate, description }) => {
    try {
      for (const threads of THREAD_COUNTS) {
        const trainer = await openTrainer(trainerOptions(config, bench.dataset, threads));
        assertAllClose(await trainer.run(PROOF_STEPS), proof, { relative: 1e-4 }, `losses, with ${peer.name}'s`);
        trainer.close();
      }
      const ours = (seconds: number) =>
        best(THREAD_COUNTS.map((threads) => () => trainingSpeed(config, bench.dataset, threads, seconds)));
      return await compareInTurn({ ours, theirs: rate }, bench, "steps/s", description);
    } finally {
      closeThreads();
    }
  });
}

/** PyTorch starts from normalised images and may skip the softmax, whereas ours goes from bytes to probabilities. */
export async function compareInference(bench: Bench, spec: ModelSpec, batch: number): Promise<Figure[]> {
  const peer = { ...PYTORCH, ways: ["eager"] };
  return await withPeer(
    bench,
    peer,
    spec,
    { open: "infer", batch_size: batch },
    async ({ proof, rate, description }) => {
      const pixels = bench.dataset.test.images.subarray(0, batch * IMAGE_PIXELS);
      const predictor = await openPredictor(spec, initialParameters(spec, SEED), { batch });
      try {
        const probabilities = (await predictor.predict(pixels)).subarray(0, CLASSES);
        assertAllClose(probabilities, proof, { relative: 1e-4 }, "probabilities, with PyTorch's");
        const ours = (seconds: number) => imagesPerSecond(predictor, pixels, seconds);
        return await compareInTurn({ ours, theirs: rate }, bench, "images/s", description);
      } finally {
        predictor.close();
      }
    },
  );
}

interface OpenPeer {
  /** The results that it computes with the given weights. */
  proof: number[];
  /** Units of work per second, by the fastest way. */
  rate(seconds: number): Promise<number>;
  /** Such as `PyTorch 2.15.0 (compile, 1 thread)`. */
  description: string;
}

/** Sends `request` to a process for each way and number of threads, and runs `body` with the fastest of them. */
async function withPeer<T>(
  { settings: { dataDir } }: Bench,
  { name, modules, script, ways }: Peer,
  spec: ModelSpec,
  request: object,
  body: (peer: OpenPeer) => Promise<T>,
): Promise<T> {
  const python = await findPython(name, modules);
  return await withFolder(async (folder) => {
    const weights = join(folder, name === "JAX" ? "initial.safetensors" : "initial.pth"),
      initial = initialParameters(spec, SEED);
    await Deno.writeFile(weights, name === "JAX" ? writeSafetensors(initial, {}) : writePth(initial, "initial"));
    const model = { model_type: spec.modelType, hidden_layers: spec.hiddenLayers, weights };
    const companions: Companion[] = [];
    try {
      let fastest: OpenPeer | undefined, most = 0;
      for (const way of ways) {
        for (const threads of THREAD_COUNTS) {
          const companion = startCompanion(python, [script, dataDir], threads);
          companions.push(companion);
          const opened = await companion.ask({ ...request, ...model, way });
          if ("missing" in opened) continue;
          const rate = async (seconds: number) => (await companion.ask({ seconds })).rate as number;
          const speed = await rate(TRIAL_SECONDS);
          if (speed <= most) continue;
          most = speed;
          const version = String(opened.version).replace(/\+.*/, "");
          const description = `${name} ${version} (${way}, ${threads} thread${threads > 1 ? "s" : ""})`;
          fastest = { proof: opened.proof as number[], rate, description };
        }
      }
      return await body(fastest!);
    } finally {
      for (const companion of companions) companion.close();
    }
  });
}
