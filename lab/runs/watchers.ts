import type { ServerMessage } from "../../protocol/mod.ts";
import { PLACES, WatchBoard } from "../training/watch_board.ts";
import type { Guess } from "../training/worker_messages.ts";

/** Who is told what the model says to a drawing. */
interface Watcher {
  onMessage(message: ServerMessage): void;
}

/** The clients that want a drawing of theirs answered while a run trains, each with its place on the worker's board. */
export class Watchers {
  readonly board = new WatchBoard();
  readonly #seats: ({ watcher: Watcher; number: number } | undefined)[] = new Array(PLACES).fill(undefined);
  /** Of the drawing that came last. */
  #number = 0;

  /** Puts `pixels` in place of the watcher's last drawing. False when all places are taken by others. */
  watch(watcher: Watcher, pixels: Uint8Array<ArrayBuffer>): boolean {
    const own = this.#placeOf(watcher);
    const place = own === -1 ? this.#seats.indexOf(undefined) : own;
    if (place === -1) return false;
    const number = ++this.#number;
    this.#seats[place] = { watcher, number };
    this.board.put({ place, number, pixels });
    return true;
  }

  leave(watcher: Watcher): void {
    const place = this.#placeOf(watcher);
    if (place === -1) return;
    this.#seats[place] = undefined;
    this.board.clear(place);
  }

  /** Hands a guess to the one who asked. One for a drawing that has been replaced meanwhile is of no interest. */
  tell({ place, number, step, probabilities }: Guess): void {
    const seat = this.#seats[place];
    if (seat?.number !== number) return;
    const numbers = Array.from(probabilities, (probability) => Number(probability.toFixed(5)));
    seat.watcher.onMessage({
      type: "guess",
      step,
      probabilities: numbers.every(Number.isFinite) ? numbers : null,
    });
  }

  #placeOf(watcher: Watcher): number {
    return this.#seats.findIndex((seat) => seat?.watcher === watcher);
  }
}
