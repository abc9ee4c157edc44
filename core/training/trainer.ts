import { concatFloats } from "../bytes.ts";
import { backendFor, type DeviceName } from "../backends/open.ts";
import type { Dataset, DigitSet } from "../mnist/idx.ts";
import { permutation, STREAMS } from "../random.ts";
import type { Session } from "../session.ts";
import type { Program } from "../graph.ts";
import type { TensorType } from "../shape.ts";
import { FAMILIES } from "../models/families.ts";
import { IMAGE_PIXELS, type NamedTensor } from "../models/spec.ts";
import { initialParameters, readParameters, writeParameters } from "../models/parameters.ts";
import {
  evaluationProgram,
  predictionProgram,
  type Recipe,
  STATE,
  type StoredDigits,
  trainingProgram,
} from "./programs.ts";
import { readStates, type TrainingState, updatedStates, writeStates } from "./training_state.ts";

/** The model to train, the data and the settings. */
export interface TrainerOptions extends Recipe {
  batchSize: number;
  epochs: number;
  dataset: Dataset;
  device: DeviceName;
  /** Threads that the WASM backend may use. The weights do not depend on their number. @default 1 */
  threads?: number;
  /** Weights to start from, in the order and shapes of `parameterSpecs`. @default initial values drawn from `seed` */
  weights?: readonly NamedTensor[];
  /** The result of `state` under the same options, to resume from. Takes precedence over `weights`. */
  resume?: TrainingState;
}

/** A training run in progress. `run` may be called before earlier calls resolve; they are executed in order. */
export interface Trainer {
  readonly device: string;
  /** How many threads run the steps at present, on WASM: as many as are fastest. */
  readonly threads?: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Size of the last batch of an epoch as a share of a full one. */
  readonly lastBatchShare: number;
  /** Steps requested so far. */
  readonly step: number;
  /** Runs up to `maxSteps` more steps, never past the end of an epoch, and returns their losses in order. */
  run(maxSteps: number): Promise<Float32Array>;
  /**
   * Accuracy on the test digits in per cent. `shouldStop` is called between batches; if it returns true, the result is
   * undefined.
   */
  evaluate(shouldStop?: () => boolean): Promise<number | undefined>;
  /**
   * Classifies 784 bytes, ink 255 on paper 0, with the current weights: ten probabilities. Training is not affected.
   * Must not be called while a run is in progress.
   */
  guess(pixels: Uint8Array): Promise<Float32Array>;
  /** The current weights in the order and shapes of `parameterSpecs`. */
  weights(): Promise<NamedTensor[]>;
  /**
   * Everything that the steps so far have changed. Must not be called while a run is in progress, or after `stop` has
   * ended one.
   */
  state(): Promise<TrainingState>;
  /** Another thread sets this to 1 to make a run in progress return early. Only `close` may follow. */
  readonly stop?: Int32Array<SharedArrayBuffer>;
  close(): void;
}

/**
 * Opens a trainer.
 *
 * @throws {Error} for weights or a state that do not fit, or a device that is missing
 * @throws {RangeError} for a state that is beyond the end of the training
 */
export async function openTrainer(options: TrainerOptions): Promise<Trainer> {
  const programs = programsOf(options);
  const changing = updatedStates(Object.values(programs));
  const guess = predictionProgram(options.spec, 1, { frozen: false });
  const session = await backendFor(options.device, { threads: options.threads }).open({ ...programs, guess });
  try {
    fill(session, options);
    if (options.resume !== undefined) writeStates(session, changing, options.resume.tensors);
    return new SessionTrainer(session, changing, options);
  } catch (error) {
    session.close();
    throw error;
  }
}

function fill(session: Session, { spec, dataset, seed, weights, resume }: TrainerOptions): void {
  session.write(STATE.trainImages, dataset.train.images);
  session.write(STATE.trainLabels, dataset.train.labels);
  session.write(STATE.testImages, dataset.test.images);
  session.write(STATE.testLabels, dataset.test.labels);
  session.write(STATE.rows, Int32Array.of(0));
  session.write(STATE.testOrder, Int32Array.from({ length: dataset.test.count }, (_, i) => i));
  if (resume === undefined) writeParameters(session, spec, weights ?? initialParameters(spec, seed));
}

/** A program is compiled for one batch size, so a short last batch needs its own. */
function programsOf(options: TrainerOptions): Record<string, Program> {
  const { spec, dataset } = options;
  const { stepsPerEpoch, totalSteps, batch, shortBatch } = batchesOf(options);
  const training = {
    ...options,
    digits: storedDigits("train", dataset.train),
    totalSteps,
    startOf: (step: number) => (step % stepsPerEpoch) * batch,
  };
  const tests = storedDigits("test", dataset.test), { batch: testBatch, left } = evaluationBatchesOf(options);
  const programs: Record<string, Program> = {
    train: trainingProgram({ ...training, batch }),
    evaluate: evaluationProgram(spec, tests, testBatch, (step) => step * testBatch),
  };
  if (shortBatch > 0) programs.trainShort = trainingProgram({ ...training, batch: shortBatch });
  if (left > 0) programs.evaluateShort = evaluationProgram(spec, tests, left, () => tests.count - left);
  return programs;
}

/** Images that the density is measured on. */
const MEASURED_IMAGES = 1000;

function storedDigits(set: "train" | "test", { count, images }: DigitSet): StoredDigits {
  const stride = Math.max(1, Math.floor(count / MEASURED_IMAGES));
  let inked = 0, measured = 0;
  for (let image = 0; image < count; image += stride) {
    for (let i = image * IMAGE_PIXELS; i < (image + 1) * IMAGE_PIXELS; i++) if (images[i] !== 0) inked++;
    measured += IMAGE_PIXELS;
  }
  return { set, count, density: inked / measured };
}

function batchesOf({ dataset, batchSize, epochs }: TrainerOptions) {
  const batch = Math.min(batchSize, dataset.train.count);
  const full = Math.floor(dataset.train.count / batch), shortBatch = dataset.train.count % batch;
  const lastBatchShare = shortBatch > 0 ? shortBatch / batch : 1;
  const stepsPerEpoch = full + (shortBatch > 0 ? 1 : 0);
  return { batch, full, shortBatch, lastBatchShare, stepsPerEpoch, totalSteps: stepsPerEpoch * epochs };
}

function evaluationBatchesOf({ spec, dataset: { test: { count } } }: TrainerOptions) {
  const batch = Math.min(FAMILIES[spec.modelType].evaluationBatch, count);
  return { batch, full: Math.floor(count / batch), left: count % batch };
}

class SessionTrainer implements Trainer {
  readonly device: string;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly lastBatchShare: number;
  readonly stop?: Int32Array<SharedArrayBuffer>;
  step: number;
  readonly #session: Session;
  readonly #changing: ReadonlyMap<string, TensorType>;
  readonly #options: TrainerOptions;
  readonly #fullBatches: number;
  /** The epoch, from 0, whose order of digits the session holds. */
  #shuffledFor?: number;

  constructor(session: Session, changing: ReadonlyMap<string, TensorType>, options: TrainerOptions) {
    this.#session = session;
    this.#changing = changing;
    this.#options = options;
    const { full, stepsPerEpoch, totalSteps, lastBatchShare } = batchesOf(options);
    this.device = session.device;
    this.stop = session.stop;
    this.#fullBatches = full;
    this.stepsPerEpoch = stepsPerEpoch;
    this.lastBatchShare = lastBatchShare;
    this.totalSteps = totalSteps;
    this.step = options.resume?.step ?? 0;
    if (!Number.isInteger(this.step) || this.step < 0 || this.step > this.totalSteps) {
      throw new RangeError(`the saved state is of step ${this.step}, but this training has ${this.totalSteps} steps`);
    }
  }

  get threads(): number | undefined {
    return this.#session.threads;
  }

  run(maxSteps: number): Promise<Float32Array> {
    // All runs are started before any is awaited, so that the next call begins at the step where this one ends.
    return this.#startSteps(maxSteps).then((parts) => parts.length === 1 ? parts[0] : concatFloats(parts));
  }

  #startSteps(maxSteps: number): Promise<Float32Array[]> {
    if (this.step >= this.totalSteps || maxSteps <= 0) return Promise.resolve([]);
    const inEpoch = this.step % this.stepsPerEpoch;
    this.#shuffle(Math.floor(this.step / this.stepsPerEpoch));
    const full = Math.min(maxSteps, Math.max(0, this.#fullBatches - inEpoch));
    const parts: Promise<Float32Array>[] = [];
    if (full > 0) parts.push(this.#train("train", full));
    const atShortBatch = inEpoch + full === this.#fullBatches && this.stepsPerEpoch > this.#fullBatches;
    if (atShortBatch && full < maxSteps) parts.push(this.#train("trainShort", 1));
    return Promise.all(parts);
  }

  async #train(program: string, steps: number): Promise<Float32Array> {
    const first = this.step;
    this.step += steps;
    return (await this.#session.run(program, first, steps)).loss;
  }

  #shuffle(epoch: number): void {
    if (epoch === this.#shuffledFor) return;
    this.#shuffledFor = epoch;
    const { seed, dataset } = this.#options;
    this.#session.write(STATE.trainOrder, permutation(seed, STREAMS.order, epoch, dataset.train.count));
  }

  async evaluate(shouldStop: () => boolean = () => false): Promise<number | undefined> {
    const { full, left } = evaluationBatchesOf(this.#options);
    let correct = 0;
    const score = async (program: string, step: number) => {
      const answers = await this.#session.run(program, step, 1);
      correct += Number.isFinite(answers.loss[0]) ? answers.correct[0] : NaN;
    };
    for (let i = 0; i < full; i++) {
      if (shouldStop()) return undefined;
      await score("evaluate", i);
    }
    if (left > 0) await score("evaluateShort", 0);
    return (100 * correct) / this.#options.dataset.test.count;
  }

  async guess(pixels: Uint8Array): Promise<Float32Array> {
    this.#session.write(STATE.pixels, pixels);
    await this.#session.run("guess", 0, 1);
    return await this.#session.read(STATE.probabilities) as Float32Array;
  }

  weights(): Promise<NamedTensor[]> {
    return readParameters(this.#session, this.#options.spec);
  }

  async state(): Promise<TrainingState> {
    return { step: this.step, tensors: await readStates(this.#session, this.#changing) };
  }

  close(): void {
    this.#session.close();
  }
}
