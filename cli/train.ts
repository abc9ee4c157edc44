/** `mnist-lab train --config`: one training run in the terminal, as a run like the service's. */
import type { Run } from "../lab/runs/run.ts";
import {
  parseJson,
  type ServerMessage,
  type TrainConfig,
  TrainConfigSchema,
  validate,
  ValidationError,
} from "../protocol/mod.ts";
import { printError, printLine } from "../service/process/output.ts";
import type { Settings } from "../service/process/settings.ts";
import { openTraining } from "../training_service/service.ts";
import { UsageError } from "./arguments.ts";
import { stopSignal } from "./serve.ts";

const STORED = 0, NOT_STORED = 1, KEPT = 3;

/**
 * Trains a model and stores it. Ctrl+C aborts; a terminal that goes away does not.
 *
 * @param text the configuration as JSON, the name of a file that holds it, or `-` for standard input
 * @param overwrite replaces a stored model with the same configuration, which is otherwise kept
 * @returns the exit code: 0 if a model was stored, 3 if a stored model with this configuration was kept, else 1
 * @throws {UsageError} for an invalid configuration
 */
export async function trainHere(settings: Settings, text: string, overwrite: boolean): Promise<number> {
  const config = await readConfig(text);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => {});
  const { runs, journal, opened } = await openTraining(settings);
  const stop = stopSignal();
  try {
    await opened;
    await runs.check(config);
    return await follow((listener) => runs.submit(config, listener), overwrite, stop);
  } catch (error) {
    if (error instanceof ValidationError) throw new UsageError(error.message);
    throw error;
  } finally {
    await runs.stop();
    await journal.close();
  }
}

/**
 * The configuration that `text` contains or refers to.
 *
 * @throws {UsageError} naming what is wrong with it
 */
export async function readConfig(text: string): Promise<TrainConfig> {
  try {
    const value = parseJson(await contentsOf(text), "the configuration");
    return validate(TrainConfigSchema, value, "the configuration");
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const reason = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    throw new UsageError(`${error.message}${reason}`);
  }
}

async function contentsOf(text: string): Promise<string> {
  if (text.trimStart().startsWith("{")) return text;
  if (text === "-") return decode(await new Response(Deno.stdin.readable).bytes());
  try {
    return decode(await Deno.readFile(text));
  } catch (error) {
    throw new UsageError(`cannot read the configuration ${text}: ${(error as Error).message}`);
  }
}

/** Decodes UTF-8 or, if there is a byte-order mark for it, UTF-16, as PowerShell writes it. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

type Submit = (listener: Parameters<Run["subscribe"]>[0]) => Run;

async function follow(submit: Submit, overwrite: boolean, stop: AbortSignal, terminal: Terminal = standardError) {
  const bar = new ProgressBar(terminal);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let code = NOT_STORED;
  const onMessage = (message: ServerMessage) => {
    switch (message.type) {
      case "loss": {
        const { step, total_steps, loss, images_per_second, seconds_left } = message;
        bar.show({
          step,
          totalSteps: total_steps,
          loss,
          imagesPerSecond: images_per_second,
          secondsLeft: seconds_left,
        });
        break;
      }
      case "log":
        bar.log(message.message);
        break;
      case "exists":
        code = KEPT;
        bar.log(overwrite ? `Replaces ${message.existing.id}.` : "Stored already; --overwrite replaces it.");
        // A run may ask before `submit` has returned it.
        queueMicrotask(() => run.answer(overwrite));
        break;
      case "result": {
        const { type: _, run_id: __, ...result } = message;
        code = STORED;
        bar.end();
        const fault = printLine(JSON.stringify(result));
        // The model is stored nevertheless.
        if (fault !== undefined) {
          terminal.write(`${message.model_id} is stored, but the result could not be printed: ${fault.message}\n`);
        }
        break;
      }
      case "aborted":
      case "error":
        code = NOT_STORED;
        bar.end();
        terminal.write(`${message.message}\n`);
        break;
    }
  };
  const run = submit({ onMessage, onEnd: end });
  const abort = () => run.abort("Training aborted; nothing was stored.");
  if (stop.aborted) abort();
  else stop.addEventListener("abort", abort, { once: true });
  await ended;
  bar.end();
  return code;
}

/** The progress of a training run. */
export interface Progress {
  step: number;
  totalSteps: number;
  loss: number | null;
  imagesPerSecond?: number;
  secondsLeft?: number;
}

const BAR_WIDTH = 24;

/** The output that a bar is drawn on. */
export interface Terminal {
  write(text: string): void;
  isTerminal: boolean;
}

/**
 * A bar with log lines above it. If the output is not a terminal, draws only the lines, because a file would keep every
 * state of the bar.
 */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #intervalMs: number;
  #shown = "";
  #drawnAt = -Infinity;

  /** `intervalMs` is the shortest time between two updates of the bar. */
  constructor(terminal: Terminal, intervalMs = 100) {
    this.#terminal = terminal;
    this.#intervalMs = intervalMs;
  }

  /** Draws the bar again if it is due; it always is for the last step. */
  show(progress: Progress): void {
    const now = performance.now();
    const isDue = now - this.#drawnAt >= this.#intervalMs || progress.step === progress.totalSteps;
    if (!this.#terminal.isTerminal || !isDue) return;
    this.#drawnAt = now;
    this.#shown = progressLine(progress);
    this.#terminal.write(`\r\x1b[K${this.#shown}`);
  }

  /** Writes a line above the bar, which stays. */
  log(line: string): void {
    if (this.#shown === "") return this.#terminal.write(`${line}\n`);
    this.#terminal.write(`\r\x1b[K${line}\n${this.#shown}`);
  }

  /** Ends the line of the bar, which stays as it is. */
  end(): void {
    if (this.#shown !== "") this.#terminal.write("\n");
    this.#shown = "";
  }
}

/** `[######------------------]  25 %  step 469 of 1,875  loss 0.2113  61,000 images/s  3 s left` */
export function progressLine({ step, totalSteps, loss, imagesPerSecond, secondsLeft }: Progress): string {
  const share = totalSteps === 0 ? 0 : step / totalSteps;
  const filled = Math.floor(share * BAR_WIDTH);
  const count = (value: number) => Math.round(value).toLocaleString("en-GB");
  return [
    `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}]`,
    `${Math.floor(share * 100).toString().padStart(3)} %`,
    `step ${count(step)} of ${count(totalSteps)}`,
    `loss ${loss === null ? "is NaN" : loss.toFixed(4)}`,
    ...(imagesPerSecond === undefined ? [] : [`${count(imagesPerSecond)} images/s`]),
    ...(secondsLeft === undefined ? [] : [`${Math.ceil(secondsLeft)} s left`]),
  ].join("  ");
}

/** Standard error, so that standard output is left to the result. If it is gone, the training continues. */
const standardError: Terminal = {
  write: printError,
  get isTerminal() {
    return Deno.stderr.isTerminal();
  },
};
