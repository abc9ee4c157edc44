/** A progress bar: one line of a terminal that is overwritten while a model trains. */

import { printError } from "../service/process/output.ts";

/** How far a training is. */
export interface Progress {
  step: number;
  totalSteps: number;
  loss: number | null;
  imagesPerSecond?: number;
  secondsLeft?: number;
}

const BAR_WIDTH = 24;

/** What a bar is drawn on. */
export interface Terminal {
  write(text: string): void;
  isTerminal: boolean;
}

/**
 * A bar with log lines above it. Draws only the lines where the output is no terminal: a file would keep every state.
 */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #intervalMs: number;
  #shown = "";
  #drawnAt = -Infinity;

  /** `intervalMs` is the shortest time between two states of the bar. */
  constructor(terminal: Terminal, intervalMs = 100) {
    this.#terminal = terminal;
    this.#intervalMs = intervalMs;
  }

  /** Draws the bar anew if it is due; the last step always is. */
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

/** Standard error, which leaves standard output to the result. It may be gone: the training goes on. */
export const standardError: Terminal = {
  write: printError,
  get isTerminal() {
    return Deno.stderr.isTerminal();
  },
};
