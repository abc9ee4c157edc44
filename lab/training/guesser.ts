import type { Trainer } from "../../core/training/trainer.ts";
import { isTorn, type Pause } from "./training_loop.ts";
import type { WatchBoard } from "./watch_board.ts";
import type { Guess } from "./worker_messages.ts";

/** Least time between two answers to a drawing: as often as an eye follows. */
const INTERVAL_MS = 125;
/** Answers take at most about this share of the time. */
const SHARE = 0.03;

/** Answers the drawings that are watched, with the weights as they are between two runs. */
export class Guesser implements Pause {
  #dueAt = -Infinity;

  constructor(
    private readonly board: WatchBoard,
    private readonly trainer: Pick<Trainer, "guess" | "step" | "stop">,
    private readonly tell: (guess: Guess) => void,
    private readonly now = () => performance.now(),
  ) {}

  due(): boolean {
    return this.now() >= this.#dueAt && !this.board.isEmpty;
  }

  async take(): Promise<void> {
    const began = this.now();
    for (const { place, number, pixels } of this.board.drawings()) {
      const probabilities = await this.trainer.guess(pixels);
      // One that was cut short says nothing.
      if (isTorn(this.trainer)) return;
      this.tell({ place, number, step: this.trainer.step, probabilities });
    }
    const ended = this.now();
    this.#dueAt = Math.max(began + INTERVAL_MS, ended + (ended - began) / SHARE);
  }
}
