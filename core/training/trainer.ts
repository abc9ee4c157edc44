import { concatFloats } from "../bytes.ts";
import { backendFor, type DeviceName } from "../backends/open.ts";
import type { Dataset, DigitSet } from "../mnist/idx.ts";
import { permutation, STREAMS } from "../random.ts";
import type { Session } from "../session.ts";
import type { Program } from "../graph.ts";
import type { TensorType } from "../shape.ts";
import { FAMILIES } from "../models/families.ts";
import { IMAGE_PIXELS, type ModelSpec, type NamedTensor } from "../models/spec.ts";
import type { OptimizerName } from "./optimizers.ts";
import { initialParameters, readParameters, writeParameters } from "../models/parameters.ts";
import { evaluationProgram, predictionProgram, STATE, type StoredDigits, trainingProgram } from "./programs.ts";
import { readStates, type TrainingState, updatedStates, writeStates } from "./training_state.ts";

export interface TrainerOptions {
  spec: ModelSpec;
  optimizer: OptimizerName;
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** uint32; the same seed, options and device give the same weights to the bit. */
  seed: number;
  dataset: Dataset;
  device: DeviceName;
  /** Threads of the WASM backend; 1 by default. The weights do not depend on their number. */
  threads?: number;
  /** Where to start from, in the order of `parameterSpecs`; by default fresh values drawn by `seed`. */
  weights?: readonly NamedTensor[];
  /** Where to go on from: what `state` gave under the same options. Takes the place of `weights`. */
  resume?: TrainingState;
}

/** A training run in progress. Runs may be asked for before earlier ones are done; they happen in order. */
export interface Trainer {
  readonly device: string;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Steps asked for so far. */
  readonly step: number;
  /** Runs up to `maxSteps` further steps, never past the end of an epoch, and returns their losses in order. */
  run(maxSteps: number): Promise<Float32Array>;
  /**
   * Accuracy on the test digits in per cent. `shouldStop` is asked between batches; once it says true, the answer is
   * undefined.
   */
  evaluate(shouldStop?: () => boolean): Promise<number | undefined>;
  /**
   * What the present weights say to 784 bytes, ink 255 on paper 0: ten probabilities. It changes nothing that a step reads.
   * Not while a run is in progress.
   */
  guess(pixels: Uint8Array): Promise<Float32Array>;
  weights(): Promise<NamedTensor[]>;
  /** All that the steps so far have changed. Not while a run is in progress, nor after `stop` has cut one short. */
  state(): Promise<TrainingState>;
  /** Set to 1 from another thread, it makes a run in progress return early; only `close` may follow. */
  readonly stop?: Int32Array<SharedArrayBuffer>;
  close(): void;
}

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

/** Programs are compiled for one batch size, so a short last batch has one of its own. */
function programsOf(options: TrainerOptions): Record<string, Program> {
  const { spec, dataset } = options;
  const { stepsPerEpoch, batch, shortBatch } = batchesOf(options);
  const training = {
    ...options,
    digits: storedDigits("train", dataset.train),
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

/** A part of the images tells what all are like. */
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

function batchesOf({ dataset, batchSize }: TrainerOptions) {
  const batch = Math.min(batchSize, dataset.train.count);
  const full = Math.floor(dataset.train.count / batch), shortBatch = dataset.train.count % batch;
  return { batch, full, shortBatch, stepsPerEpoch: full + (shortBatch > 0 ? 1 : 0) };
}

function evaluationBatchesOf({ spec, dataset: { test: { count } } }: TrainerOptions) {
  const batch = Math.min(FAMILIES[spec.modelType].evaluationBatch, count);
  return { batch, full: Math.floor(count / batch), left: count % batch };
}

class SessionTrainer implements Trainer {
  readonly device: string;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly stop?: Int32Array<SharedArrayBuffer>;
  step: number;
  private readonly fullBatches: number;
  /** The epoch, from 0, whose order the session holds. */
  private shuffledFor?: number;

  constructor(
    private readonly session: Session,
    private readonly changing: ReadonlyMap<string, TensorType>,
    private readonly options: TrainerOptions,
  ) {
    const { full, stepsPerEpoch } = batchesOf(options);
    this.device = session.device;
    this.stop = session.stop;
    this.fullBatches = full;
    this.stepsPerEpoch = stepsPerEpoch;
    this.totalSteps = stepsPerEpoch * options.epochs;
    this.step = options.resume?.step ?? 0;
    if (!Number.isInteger(this.step) || this.step < 0 || this.step > this.totalSteps) {
      throw new RangeError(`the saved state is of step ${this.step}, but this training has ${this.totalSteps} steps`);
    }
  }

  run(maxSteps: number): Promise<Float32Array> {
    // Everything is asked for before anything is awaited, so that the next call finds the step where this one ends.
    return this.startSteps(maxSteps).then((parts) => parts.length === 1 ? parts[0] : concatFloats(parts));
  }

  private startSteps(maxSteps: number): Promise<Float32Array[]> {
    if (this.step >= this.totalSteps || maxSteps <= 0) return Promise.resolve([]);
    const inEpoch = this.step % this.stepsPerEpoch;
    this.shuffle(Math.floor(this.step / this.stepsPerEpoch));
    const full = Math.min(maxSteps, Math.max(0, this.fullBatches - inEpoch));
    const parts: Promise<Float32Array>[] = [];
    if (full > 0) parts.push(this.train("train", full));
    const atShortBatch = inEpoch + full === this.fullBatches && this.stepsPerEpoch > this.fullBatches;
    if (atShortBatch && full < maxSteps) parts.push(this.train("trainShort", 1));
    return Promise.all(parts);
  }

  private async train(program: string, steps: number): Promise<Float32Array> {
    const first = this.step;
    this.step += steps;
    return (await this.session.run(program, first, steps)).loss;
  }

  private shuffle(epoch: number): void {
    if (epoch === this.shuffledFor) return;
    this.shuffledFor = epoch;
    const { seed, dataset } = this.options;
    this.session.write(STATE.trainOrder, permutation(seed, STREAMS.order, epoch, dataset.train.count));
  }

  async evaluate(shouldStop: () => boolean = () => false): Promise<number | undefined> {
    const { full, left } = evaluationBatchesOf(this.options);
    let correct = 0;
    for (let i = 0; i < full; i++) {
      if (shouldStop()) return undefined;
      correct += (await this.session.run("evaluate", i, 1)).correct[0];
    }
    if (left > 0) correct += (await this.session.run("evaluateShort", 0, 1)).correct[0];
    return (100 * correct) / this.options.dataset.test.count;
  }

  async guess(pixels: Uint8Array): Promise<Float32Array> {
    this.session.write(STATE.pixels, pixels);
    await this.session.run("guess", 0, 1);
    return await this.session.read(STATE.probabilities) as Float32Array;
  }

  weights(): Promise<NamedTensor[]> {
    return readParameters(this.session, this.options.spec);
  }

  async state(): Promise<TrainingState> {
    return { step: this.step, tensors: await readStates(this.session, this.changing) };
  }

  close(): void {
    this.session.close();
  }
}
