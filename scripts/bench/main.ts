/** Times the lab. Each case first checks its results. */
import { parseArgs } from "node:util";
import { runMain } from "../../service/process/output.ts";
import { readSettings, StartupError } from "../../service/process/settings.ts";
import { checksArguments, modeFlags, ownArguments, type WasmMode } from "../../service/process/wasm_checks.ts";
import { readDataset } from "../../service/dataset/dataset.ts";
import { prepare } from "../lib/prepare.ts";
import { type Bench, type Case, describeMachine, type Figure, machineLines, row, Skipped } from "./case.ts";
import { BATCHES, batchTitle, drawingCases, inferenceCases } from "./inference.ts";
import { INFERENCE_SPECS, nameOf, titleOf, TRAINING_CONFIGS } from "./configs.ts";
import { peakCases } from "./peak.ts";
import { compareServices } from "./peer_fastapi.ts";
import { compareInference, compareTraining, TRAINING_PEERS } from "./peer_training.ts";
import { predictCases } from "./predict.ts";
import { registryCases } from "./registry.ts";
import { serviceCases, socketCases } from "./services.ts";
import { busyCases, livePadCases, trainingCases } from "./training.ts";

const USAGE = `Usage: deno task bench [--peers] [--json FILE] [--only NAME…] [--seconds S] [--pairs N]

--peers    also times JAX, PyTorch and FastAPI, in turn with ours, where PEERS_PYTHON or the system's Python has them
--json     also writes the figures to FILE
--only     runs only cases whose name contains one of these texts, such as "train", "ConvNN" or "PNG"
--seconds  how long to time a case, 2 by default
--pairs    how often ours and a peer are timed in turn, 5 by default`;

type Outcome = { name: string } & ({ figures: Figure[] } | { skipped: string } | { failed: string });

async function main(): Promise<void> {
  const settings = readSettings();
  if (Deno.env.get(IN_MODE) === undefined) return await runInMode(settings);
  const { help, peers, json, only, seconds, pairs } = readOptions();
  if (help) {
    console.log(USAGE);
    Deno.exit(0);
  }
  const machine = describeMachine(); // Read before the benchmark adds to the load.
  await prepare(settings, (line) => console.error(line));
  const bench: Bench = { dataset: await readDataset(settings.dataDir), settings, seconds, pairs };
  const cases = choose([...ownCases(bench), ...peers ? peerCases(bench) : []], only);
  for (const line of machineLines(machine)) console.log(line);
  console.log("");
  const width = Math.max(...cases.map(({ name }) => name.length));
  const outcomes: Outcome[] = [];
  for (const { name, measure } of cases) {
    const outcome = await run(name, measure);
    outcomes.push(outcome);
    console.log(lineOf(outcome, width));
  }
  if (json !== undefined) {
    await Deno.writeTextFile(json, `${JSON.stringify({ machine, seconds, pairs, outcomes }, null, 2)}\n`);
  }
  Deno.exit(outcomes.some((outcome) => "failed" in outcome) ? 1 : 0);
}

/** Set in the process that measures. */
const IN_MODE = "BENCH_IN_MODE";

/**
 * Restarts this benchmark with the training service's V8 flags, which can only be set when a process starts.
 */
async function runInMode(mode: WasmMode): Promise<void> {
  const args = ["run", "-A", ...modeFlags(mode), import.meta.filename!, ...checksArguments(mode), ...Deno.args];
  const { code } = await new Deno.Command(Deno.execPath(), { args, env: { [IN_MODE]: "1" } }).spawn().status;
  Deno.exit(code);
}

function ownCases(bench: Bench): Case[] {
  return [
    ...peakCases(bench),
    ...trainingCases(bench),
    ...busyCases(bench),
    ...livePadCases(bench),
    ...inferenceCases(bench),
    ...drawingCases(bench),
    ...socketCases(bench),
    ...predictCases(bench),
    ...registryCases(bench),
    ...serviceCases(),
  ];
}

/** Other systems that do the same work. */
function peerCases(bench: Bench): Case[] {
  return [
    ...TRAINING_CONFIGS.flatMap((config) =>
      TRAINING_PEERS.map((peer) => ({
        name: `peer ${peer.name}, train ${titleOf(config)}`,
        measure: () => compareTraining(bench, config, peer),
      }))
    ),
    ...INFERENCE_SPECS.flatMap((spec) =>
      BATCHES.map((batch) => ({
        name: `peer PyTorch, infer ${nameOf(spec)}, ${batchTitle(batch)}`,
        measure: () => compareInference(bench, spec, batch),
      }))
    ),
    { name: "peer FastAPI, predict over HTTP", measure: () => compareServices(bench) },
  ];
}

function readOptions() {
  const { values, positionals } = parseArguments();
  return {
    help: values.help,
    peers: values.peers,
    json: values.json,
    only: [...values.only, ...positionals],
    seconds: positive("--seconds", values.seconds),
    pairs: Math.ceil(positive("--pairs", values.pairs)),
  };
}

function parseArguments() {
  try {
    return parseArgs({
      args: [...ownArguments],
      allowPositionals: true, // More names for --only.
      options: {
        help: { type: "boolean", default: false },
        peers: { type: "boolean", default: false },
        json: { type: "string" },
        only: { type: "string", multiple: true, default: [] },
        seconds: { type: "string", default: "2" },
        pairs: { type: "string", default: "5" },
      },
    });
  } catch (error) {
    throw new StartupError(`${(error as TypeError).message}\n\n${USAGE}`);
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new StartupError(`${option} must be a number above 0, got "${text}"`);
}

function choose(cases: Case[], only: readonly string[]): Case[] {
  const names = only.map((name) => name.toLowerCase());
  const isAskedFor = ({ name }: Case) => names.some((part) => name.toLowerCase().includes(part));
  const chosen = names.length === 0 ? cases : cases.filter(isAskedFor);
  if (chosen.length > 0) return chosen;
  throw new StartupError(`no case has such a name; the cases are: ${cases.map(({ name }) => name).join("; ")}`);
}

async function run(name: string, measure: Case["measure"]): Promise<Outcome> {
  try {
    return { name, figures: await measure() };
  } catch (error) {
    if (error instanceof Skipped) return { name, skipped: error.message };
    return { name, failed: error instanceof Error ? error.message : String(error) };
  }
}

function lineOf(outcome: Outcome, width: number): string {
  if ("figures" in outcome) return row(outcome.name, outcome.figures, width);
  const { name } = outcome;
  return "skipped" in outcome
    ? `${name.padEnd(width)}  skipped: ${outcome.skipped}`
    : `${name.padEnd(width)}  FAILED: ${outcome.failed}`;
}

await runMain(main);
