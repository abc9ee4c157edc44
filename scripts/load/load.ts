/**
 * Measures both services under the load of a class, compared with the same training alone: onlookers follow one ConvNN
 * run while others draw.
 *
 * Usage: deno run -A scripts/load/load.ts [--minutes 5] [--onlookers 200] [--drawers 32]; exits 1 if a bound is broken
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { DEFAULT_CONFIG, type ModelConfig, type ServerMessage } from "../../protocol/mod.ts";
import { residentBytes, type ServiceProcess, withFolder, withService } from "../bench/service_process.ts";
import type { ClientFigures } from "./clients.ts";

const CLIENTS = join(import.meta.dirname!, "clients.ts");
/** Number of connections that read a service's delay: enough to reach each of its threads. */
const PROBES = 16;
/** A run that outlasts every measurement. */
const CONFIG: ModelConfig = { ...DEFAULT_CONFIG, model_type: "ConvNN", num_epochs: 200, hidden_layers_config: [128] };
const SMALL: ModelConfig = {
  ...CONFIG,
  model_type: "SimpleNN",
  num_epochs: 1,
  batch_size: 512,
  hidden_layers_config: [16],
};

/** The size and duration of a load. */
export interface LoadOptions {
  seconds: number;
  onlookers: number;
  drawers: number;
  /** Time to compile code and warm caches; 8 by default. */
  warmUpSeconds?: number;
  /** Threads that train; as many as the service chooses by default. */
  threads?: number;
}

/** The effect of a load on the services and their clients. */
export interface LoadReport extends LoadOptions, ClientFigures {
  loneStepsPerSecond: number;
  stepsPerSecond: number;
  /** The highest p99 over a minute that a thread of the service reported, in ms. */
  trainingDelayP99: number;
  inferenceDelayP99: number;
  /** Mean memory in the last part of the measurement divided by that in the first. */
  trainingMemoryGrowth: number;
  inferenceMemoryGrowth: number;
}

/** Describes the bounds that a report breaks. The bounds hold on two otherwise idle cores. */
export function problemsOf(report: LoadReport): string[] {
  const bounds: [boolean, string][] = [
    [report.errors.length === 0, `${report.errors.length} errors, such as ${report.errors[0]}`],
    [report.fewestMessages > 0, "an onlooker received nothing"],
    [report.trainingDelayP99 < 50, `the training service was late by ${report.trainingDelayP99} ms`],
    [report.inferenceDelayP99 < 50, `the inference service was late by ${report.inferenceDelayP99} ms`],
    [report.stepsPerSecond >= 0.6 * report.loneStepsPerSecond, "training fell below 60 % of its speed without load"],
    [report.trainingMemoryGrowth < 1.05, "the training service's memory grew by more than 5 %"],
    [report.inferenceMemoryGrowth < 1.05, "the inference service's memory grew by more than 5 %"],
  ];
  return bounds.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** A report as lines of text. */
export function reportLines(report: LoadReport): string[] {
  const share = (value: number) => `${(100 * value).toFixed(0)} %`;
  return [
    `${report.seconds} s, ${report.onlookers} onlookers (each got ${report.fewestMessages} messages or more), ` +
    `${report.drawers} drawers: ${report.errors.length} errors`,
    `predictions: ${(report.predictions / report.seconds).toFixed(0)} a second, p50 ${
      report.predictMsP50.toFixed(1)
    } ms, ` +
    `p99 ${report.predictMsP99.toFixed(1)} ms`,
    `event-loop delay p99: training service ${report.trainingDelayP99} ms, inference service ${report.inferenceDelayP99} ms`,
    `training: ${report.stepsPerSecond.toFixed(1)} steps/s, ${
      share(report.stepsPerSecond / report.loneStepsPerSecond)
    } ` +
    `of ${report.loneStepsPerSecond.toFixed(1)} alone`,
    `memory, last minute over first: training service ${share(report.trainingMemoryGrowth)}, ` +
    `inference service ${share(report.inferenceMemoryGrowth)}`,
  ];
}

/** Starts both services, trains alone, then trains under the load. */
export function measureLoad(options: LoadOptions): Promise<LoadReport> {
  const variables: Record<string, string> = options.threads === undefined ? {} : { THREADS: `${options.threads}` };
  return withFolder((modelsDir) =>
    withService("training", modelsDir, (training) =>
      withService("inference", modelsDir, async (inference) => {
        const model = (await finished(training, SMALL)).model_id!;
        const socket = await begun(training);
        const loneStepsPerSecond = await stepsPerSecond(training, socket.id, Math.min(options.seconds, 20));
        const figures = await underLoad(options, { training, inference, run: socket.id, model });
        socket.close();
        return { ...options, loneStepsPerSecond, ...figures };
      }), variables)
  );
}

async function underLoad(
  { seconds, onlookers, drawers, warmUpSeconds = 8 }: LoadOptions,
  { training, inference, run, model }: {
    training: ServiceProcess;
    inference: ServiceProcess;
    run: string;
    model: string;
  },
) {
  const args = [training.url, run, onlookers, inference.url, drawers, warmUpSeconds, seconds].map(String);
  const clients = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-net", CLIENTS, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = clients.stdin.getWriter();
  await writer.write(new TextEncoder().encode(predictRequest(model)));
  await writer.close();
  await delay(1000 * warmUpSeconds);

  const memory = { training: [] as number[], inference: [] as number[] };
  const speed = stepsPerSecond(training, run, seconds - 1);
  const end = performance.now() + 1000 * seconds;
  let trainingDelayP99 = 0, inferenceDelayP99 = 0;
  while (performance.now() < end) {
    memory.training.push(residentBytes(training.pid));
    memory.inference.push(residentBytes(inference.pid));
    await delay(Math.min(1000, Math.max(0, end - performance.now())));
  }
  trainingDelayP99 = await delayP99(training.url, 1);
  inferenceDelayP99 = await delayP99(inference.url, PROBES);
  const { stdout } = await clients.output();
  const figures: ClientFigures = JSON.parse(new TextDecoder().decode(stdout));
  return {
    ...figures,
    stepsPerSecond: await speed,
    trainingDelayP99,
    inferenceDelayP99,
    trainingMemoryGrowth: growth(memory.training),
    inferenceMemoryGrowth: growth(memory.inference),
  };
}

/** The mean of the last minute (or the last third, for a short load) divided by that of the first. */
function growth(samples: readonly number[]): number {
  const part = Math.max(1, Math.min(60, Math.floor(samples.length / 3)));
  return mean(samples.slice(-part)) / mean(samples.slice(0, part));
}

async function stepsPerSecond({ url }: ServiceProcess, run: string, seconds: number): Promise<number> {
  const stepOf = async () => {
    const runs: { id: string; step: number }[] = await (await fetch(`${url}/api/runs`)).json();
    return { step: runs.find(({ id }) => id === run)!.step, at: performance.now() };
  };
  const first = await stepOf();
  await delay(1000 * seconds);
  const last = await stepOf();
  return 1000 * (last.step - first.step) / (last.at - first.at);
}

/** Trains to the end and returns the last message. */
function finished(service: ServiceProcess, config: object): Promise<Extract<ServerMessage, { type: "result" }>> {
  return new Promise((resolve, reject) => {
    const socket = openRun(service, config);
    socket.onmessage = ({ data }) => {
      const message: ServerMessage = JSON.parse(data);
      if (message.type === "result") resolve(message);
      if (message.type === "error") reject(new Error(message.message));
    };
  });
}

/** Starts a run. It has its own client besides the onlookers. */
function begun(service: ServiceProcess): Promise<{ id: string; close(): void }> {
  return new Promise((resolve, reject) => {
    const socket = openRun(service, CONFIG);
    let id = "";
    socket.onmessage = ({ data }) => {
      const message: ServerMessage = JSON.parse(data);
      if (message.type === "accepted") id = message.run_id;
      if (message.type === "loss" && message.step > 20) resolve({ id, close: () => socket.close() });
      if (message.type === "error") reject(new Error(message.message));
    };
  });
}

function openRun({ url }: ServiceProcess, config: object): WebSocket {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/train`);
  socket.onopen = () => socket.send(JSON.stringify(config));
  return socket;
}

/** A vertical stroke on a canvas as large as the page's. */
function predictRequest(model_id: string): string {
  const side = 280, data = new Uint8Array(side * side).fill(255);
  for (let y = 70; y < 210; y++) data.fill(0, y * side + 130, y * side + 150);
  const png = encode({ width: side, height: side, channels: 1, data });
  return JSON.stringify({ model_id, image_data: `data:image/png;base64,${Buffer.from(png).toString("base64")}` });
}

/** `/healthz` of a service on a fresh connection: each thread reports its own figures. */
async function health(url: string): Promise<{ event_loop_delay_ms: { p99: number; max: number } }> {
  const response = await fetch(`${url}/healthz`, { headers: { connection: "close" } });
  return await response.json();
}

/** The highest p99 of event-loop delay in ms among the threads that `connections` connections reach. */
async function delayP99(url: string, connections: number): Promise<number> {
  const reports = await Promise.all(Array.from({ length: connections }, () => health(url)));
  return Math.max(...reports.map(({ event_loop_delay_ms }) => event_loop_delay_ms.p99));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "5" },
      onlookers: { type: "string", default: "200" },
      drawers: { type: "string", default: "32" },
    },
  });
  const report = await measureLoad({
    seconds: 60 * Number(values.minutes),
    onlookers: Number(values.onlookers),
    drawers: Number(values.drawers),
  });
  for (const line of reportLines(report)) console.log(line);
  const problems = problemsOf(report);
  for (const problem of problems) console.error(problem);
  Deno.exit(problems.length === 0 ? 0 : 1);
}

if (import.meta.main) await main();
