/** A progress bar: one line on a terminal, overwritten while a model trains. */

import { printError } from "../service/process/output.ts";

/** The progress of a training. */
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
export const standardError: Terminal = {
  write: printError,
  get isTerminal() {
    return Deno.stderr.isTerminal();
  },
};
