/** Compares with PyTorch on the same weights and batches. */
import { join } from "node:path";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import { writePth } from "../../core/formats/pth/writer.ts";
import { CLASSES, IMAGE_PIXELS, type ModelSpec } from "../../core/models/spec.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import { openPredictor } from "../../core/training/predictor.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { permutation, STREAMS } from "../../core/random.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { type Bench, type Figure, Skipped } from "./case.ts";
import { SEED, THREAD_COUNTS, trainerOptions, type TrainingConfig } from "./configs.ts";
import { imagesPerSecond } from "./inference.ts";
import { best, compareInTurn } from "./measure.ts";
import { withFolder } from "./service_process.ts";
import { PROOF_STEPS, trainingSpeed } from "./training.ts";

const SCRIPT = join(import.meta.dirname!, "peer_pytorch.py");

/** Both train from the same initial weights, and their first losses must agree. */
export async function compareTraining(bench: Bench, config: TrainingConfig): Promise<Figure[]> {
  const { spec, batchSize } = config;
  const order = permutation(SEED, STREAMS.order, 0, bench.dataset.train.count);
  const rows = Array.from(
    { length: PROOF_STEPS },
    (_, step) => [...order.subarray(step * batchSize, (step + 1) * batchSize)],
  );
  return await withPyTorch(bench, spec, { open: "train", rows, batch_size: batchSize }, async (peer) => {
    try {
      for (const threads of THREAD_COUNTS) {
        const trainer = await openTrainer(trainerOptions(config, bench.dataset, threads));
        assertAllClose(await trainer.run(PROOF_STEPS), peer.proof, { relative: 1e-4 }, "losses, with PyTorch's");
        trainer.close();
      }
      const ours = (seconds: number) =>
        best(THREAD_COUNTS.map((threads) => () => trainingSpeed(config, bench.dataset, threads, seconds)));
      return await compareInTurn({ ours, theirs: peer.rate }, bench, "steps/s", "PyTorch");
    } finally {
      closeThreads();
    }
  });
}

/** PyTorch starts from normalised images and may skip the softmax, whereas ours goes from bytes to probabilities. */
export async function compareInference(bench: Bench, spec: ModelSpec, batch: number): Promise<Figure[]> {
  return await withPyTorch(bench, spec, { open: "infer", batch_size: batch }, async (peer) => {
    const pixels = bench.dataset.test.images.subarray(0, batch * IMAGE_PIXELS);
    const predictor = await openPredictor(spec, initialParameters(spec, SEED), { batch });
    try {
      const probabilities = (await predictor.predict(pixels)).subarray(0, CLASSES);
      assertAllClose(probabilities, peer.proof, { relative: 1e-4 }, "probabilities, with PyTorch's");
      const ours = (seconds: number) => imagesPerSecond(predictor, pixels, seconds);
      return await compareInTurn({ ours, theirs: peer.rate }, bench, "images/s", "PyTorch");
    } finally {
      predictor.close();
    }
  });
}

interface PyTorch {
  /** The results that it computes with the given weights. */
  proof: number[];
  /** Units of work per second, with the faster number of threads. */
  rate(seconds: number): Promise<number>;
}

/** Sends `request` to one PyTorch process for each number of threads and runs `body` with them. */
async function withPyTorch<T>(
  { settings: { dataDir } }: Bench,
  spec: ModelSpec,
  request: object,
  body: (peer: PyTorch) => Promise<T>,
): Promise<T> {
  const python = await findPython("PyTorch", ["torch", "numpy"]);
  return await withFolder(async (folder) => {
    const weights = join(folder, "initial.pth");
    await Deno.writeFile(weights, writePth(initialParameters(spec, SEED), "initial"));
    const model = { model_type: spec.modelType, hidden_layers: spec.hiddenLayers, weights };
    const companions = THREAD_COUNTS.map((threads) => startCompanion(python, [SCRIPT, dataDir], threads));
    try {
      const proofs: number[][] = [];
      for (const companion of companions) {
        proofs.push((await companion.ask({ ...request, ...model })).proof as number[]);
      }
      const rateOf = (companion: Companion, seconds: number) => async () =>
        (await companion.ask({ seconds })).rate as number;
      return await body({
        proof: proofs[0],
        rate: (seconds) => best(companions.map((companion) => rateOf(companion, seconds))),
      });
    } finally {
      for (const companion of companions) companion.close();
    }
  });
}

const CANDIDATES = ["/usr/bin/python3", "python3"];

/**
 * Finds a Python that has all of `modules`.
 *
 * @throws {Skipped} naming `peer` if there is none
 */
export async function findPython(peer: string, modules: readonly string[]): Promise<string> {
  for (const python of CANDIDATES) {
    try {
      const args = ["-c", `import ${modules.join(", ")}`];
      if ((await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success) return python;
    } catch {
      // No such program.
    }
  }
  throw new Skipped(`${peer} is not installed (no Python here has all of ${modules.join(", ")})`);
}

/** A process that answers each line of JSON with one line of JSON. */
export interface Companion {
  ask(request: object): Promise<Record<string, unknown>>;
  close(): void;
}

/**
 * Starts a script limited to `threads` threads. Thread pools do not resize cleanly, so each number of threads needs its
 * own process.
 */
export function startCompanion(python: string, args: readonly string[], threads: number): Companion {
  const count = String(threads);
  const env = { ...Deno.env.toObject(), OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count };
  const child = spawn(python, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${args[0]} ended before it answered`);
      return JSON.parse(value);
    },
    close: () => child.kill("SIGKILL"),
  };
}
