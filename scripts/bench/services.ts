/**
 * Measures the real services from a client's point of view: training over a socket, memory, start-up and the size of
 * the pages.
 */
import { closeThreads } from "../../core/backends/wasm/backend.ts";
import { openTrainer } from "../../core/training/trainer.ts";
import { assertAllClose } from "../../core/testing/assert_all_close.ts";
import { DEFAULT_CONFIG, type ServerMessage, type TrainConfig } from "../../protocol/mod.ts";
import { type Bench, type Case, type Figure, Skipped } from "./case.ts";
import { SEED, titleOf, trainerOptions, TRAINING_CONFIGS, type TrainingConfig } from "./configs.ts";
import { compareInTurn, median } from "./measure.ts";
import { residentBytes, type ServiceProcess, withFolder, withService } from "./service_process.ts";
import { trainingSpeed, WARM_UP_MS } from "./training.ts";
import { buildUi } from "../build_ui.ts";

/** Losses up to this step are compared with those of a trainer in this process. */
const PROOF_STEPS = 20;
/** Number of starts; the median counts. */
const STARTS = 3;

interface SocketRun {
  /** From the end of the warm-up to the last loss, without evaluations. */
  stepsPerSecond: number;
  /** `[step, loss]` of the first steps. */
  losses: [step: number, loss: number][];
}

/** Compares training over a socket with the same training in this process, and measures memory while training. */
export function socketCases(bench: Bench): Case[] {
  return [
    ...TRAINING_CONFIGS.map((config) => ({
      name: `socket ${titleOf(config)}`,
      measure: () => measure(bench, config),
    })),
    { name: "memory of the training service, ConvNN [128] b64", measure: () => measureMemory(bench) },
  ];
}

/** Trains over the socket and in this process alternately, on as many threads as the service has. */
function measure(bench: Bench, config: TrainingConfig): Promise<Figure[]> {
  return withTrainingService(async (service) => {
    await proveLosses(bench, config, (await train(service, config, 0)).losses);
    try {
      const overSocket = async (seconds: number) => (await train(service, config, seconds)).stepsPerSecond;
      const inProcess = (seconds: number) => trainingSpeed(config, bench.dataset, bench.settings.threads, seconds);
      return await compareInTurn({ ours: overSocket, theirs: inProcess }, bench, "steps/s", "in process");
    } finally {
      closeThreads();
    }
  });
}

async function measureMemory({ seconds }: Bench): Promise<Figure[]> {
  if (Deno.build.os !== "linux") throw new Skipped("memory can be read on Linux only");
  const config = TRAINING_CONFIGS.find(({ spec, batchSize }) => spec.modelType === "ConvNN" && batchSize === 64)!;
  return await withTrainingService(async (service) => {
    const before = residentBytes(service.pid);
    let during = 0;
    await train(service, config, seconds, () => during = residentBytes(service.pid));
    return [{ value: during / 1e6, unit: "MB in training" }, { value: before / 1e6, unit: "MB before" }];
  });
}

function withTrainingService<T>(body: (service: ServiceProcess) => Promise<T>): Promise<T> {
  return withFolder((modelsDir) => withService("training", modelsDir, body));
}

/**
 * Trains for a few seconds after the warm-up, then aborts. The time of an evaluation runs from an epoch's last loss to
 * the log line with its accuracy.
 */
function train(
  { url }: ServiceProcess,
  config: TrainingConfig,
  seconds: number,
  beforeAbort: () => void = () => {},
): Promise<SocketRun> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/train`);
  const { promise, resolve, reject } = Promise.withResolvers<SocketRun>();
  const losses: [number, number][] = [];
  let first: { step: number; at: number } | undefined, last = { step: 0, at: 0 }, began = 0;
  let evaluation = 0, evaluations = 0, aborting = false;
  const finish = () => {
    const ms = last.at - first!.at - evaluations;
    resolve({ stepsPerSecond: (1000 * (last.step - first!.step)) / ms, losses });
    socket.close();
  };
  socket.onopen = () => socket.send(JSON.stringify(messageOf(config)));
  socket.onclose = () => reject(new Error("the service closed the socket"));
  socket.onmessage = ({ data }) => {
    const message: ServerMessage = JSON.parse(data), at = performance.now();
    if (message.type === "error") reject(new Error(message.message));
    if (message.type === "log" && message.accuracy !== undefined) evaluation = at - last.at;
    if (message.type === "aborted") finish();
    if (message.type !== "loss" || aborting) return;
    last = { step: message.step, at };
    if (message.step <= PROOF_STEPS) losses.push([message.step, message.loss ?? NaN]);
    began ||= at;
    if (at - began < WARM_UP_MS) return;
    first ??= last;
    if (first !== last) evaluations += evaluation;
    evaluation = 0;
    if (at - first.at < 1000 * seconds || message.step < PROOF_STEPS) return;
    beforeAbort();
    aborting = true;
    socket.send(JSON.stringify({ type: "abort" }));
  };
  return promise;
}

function messageOf({ spec, batchSize }: TrainingConfig): TrainConfig {
  return {
    ...DEFAULT_CONFIG,
    model_type: spec.modelType,
    optimizer: "Adam",
    learning_rate: 0.001,
    num_epochs: 200,
    batch_size: batchSize,
    hidden_layers_config: [...spec.hiddenLayers],
    seed: SEED,
  };
}

async function proveLosses({ dataset }: Bench, config: TrainingConfig, received: [number, number][]): Promise<void> {
  const trainer = await openTrainer(trainerOptions(config, dataset, 1));
  const losses = await trainer.run(PROOF_STEPS);
  trainer.close();
  const expected = received.map(([step]) => losses[step - 1]);
  assertAllClose(received.map(([, loss]) => loss), expected, { relative: 1e-5 }, "losses over the socket");
}

/** Start-up time of both services, and the size of their pages. */
export function serviceCases(): Case[] {
  return [
    { name: "start-up of the training service to its first page", measure: () => measureStart("training") },
    { name: "start-up of the inference service to its first page", measure: () => measureStart("inference") },
    { name: "pages, gzipped", measure: measurePages },
  ];
}

function measureStart(name: "training" | "inference"): Promise<Figure[]> {
  return withFolder(async (modelsDir) => {
    const times: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      times.push(await withService(name, modelsDir, ({ startMs }) => Promise.resolve(startMs)));
    }
    return [{ value: median(times), unit: "ms" }];
  });
}

/** Measures each page with its script and stylesheet. */
function measurePages(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const files = await buildUi(`${folder}/ui`);
    return Promise.all(["training", "inference"].map(async (page) => {
      const html = await Deno.readTextFile(`${folder}/ui/${page}.html`);
      const parts = files.filter(({ path }) => path === `${page}.html` || html.includes(`/${path}`));
      if (parts.length < 3) throw new Error(`${page}.html does not name both a script and a stylesheet`);
      return { value: parts.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0) / 1000, unit: `kB ${page}` };
    }));
  });
}
