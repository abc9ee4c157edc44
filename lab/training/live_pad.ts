/**
 * Live pads: drawings that a run classifies while it trains. Clients draw on the service's side, and the model answers
 * on the worker's. The board between them is shared memory, because a worker receives no messages while it trains.
 */
import { IMAGE_PIXELS } from "../../core/models/spec.ts";
import type { Trainer } from "../../core/training/trainer.ts";
import type { ServerMessage } from "../../protocol/mod.ts";
import { isTorn, type Pause } from "./training_loop.ts";
import type { LivePadAnswer } from "./training_job.ts";

/** How many clients of a run can have a live pad at once. */
export const LIVE_PADS = 8;

/** A drawing in its slot of the board. */
export interface LivePadDrawing {
  slot: number;
  /** Above 0, and different for each drawing. */
  number: number;
  /** 784 bytes, ink 255 on paper 0. */
  pixels: Uint8Array<ArrayBuffer>;
}

/** Shared memory in which a worker finds the drawings. */
export class LivePadBoard {
  /** The number of each slot's drawing; 0 if there is none or it is incomplete. */
  readonly #numbers: Int32Array<SharedArrayBuffer>;
  readonly #pixels: Uint8Array<SharedArrayBuffer>;

  constructor(readonly buffer = new SharedArrayBuffer(LIVE_PADS * (4 + IMAGE_PIXELS))) {
    this.#numbers = new Int32Array(buffer, 0, LIVE_PADS);
    this.#pixels = new Uint8Array(buffer, LIVE_PADS * 4);
  }

  put({ slot, number, pixels }: LivePadDrawing): void {
    Atomics.store(this.#numbers, slot, 0);
    this.#pixels.set(pixels, slot * IMAGE_PIXELS);
    Atomics.store(this.#numbers, slot, number);
  }

  clear(slot: number): void {
    Atomics.store(this.#numbers, slot, 0);
  }

  get isEmpty(): boolean {
    for (let slot = 0; slot < LIVE_PADS; slot++) if (Atomics.load(this.#numbers, slot) !== 0) return false;
    return true;
  }

  /** Copies of the current drawings; a drawing that is being replaced is left out. */
  drawings(): LivePadDrawing[] {
    const found: LivePadDrawing[] = [];
    for (let slot = 0; slot < LIVE_PADS; slot++) {
      const number = Atomics.load(this.#numbers, slot);
      const pixels = this.#pixels.slice(slot * IMAGE_PIXELS, (slot + 1) * IMAGE_PIXELS);
      const isWhole = number !== 0 && Atomics.load(this.#numbers, slot) === number;
      if (isWhole) found.push({ slot, number, pixels: Uint8Array.from(pixels) });
    }
    return found;
  }
}

/** A client with a live pad. */
interface Client {
  onMessage(message: ServerMessage): void;
  /** The client's address; addresses share the live pads. */
  client?: string;
}

/** The live pads of a run's clients, each in a slot of the board. */
export class LivePads {
  readonly board = new LivePadBoard();
  readonly #slots: ({ client: Client; number: number } | undefined)[] = new Array(LIVE_PADS).fill(undefined);
  /** Number of the latest drawing. */
  #number = 0;

  /**
   * Replaces the client's drawing with `pixels`. If all slots are taken, an address that has at least two more than
   * this client's gives one up, and its client is told. Returns false if there is no such address.
   */
  put(client: Client, pixels: Uint8Array<ArrayBuffer>): boolean {
    const own = this.#slotOf(client);
    if (own === -1 && !this.#slots.includes(undefined)) this.#freeFor(client);
    const slot = own === -1 ? this.#slots.indexOf(undefined) : own;
    if (slot === -1) return false;
    const number = ++this.#number;
    this.#slots[slot] = { client, number };
    this.board.put({ slot, number, pixels });
    return true;
  }

  #freeFor({ client: address }: Client) {
    const countOf = (address?: string) => this.#slots.filter((entry) => entry?.client.client === address).length;
    const [most] = this.#slots.filter((entry) => entry !== undefined)
      .sort((a, b) => countOf(b.client.client) - countOf(a.client.client) || b.number - a.number);
    if (countOf(most.client.client) < countOf(address) + 2) return;
    this.remove(most.client);
    most.client.onMessage({ type: "log", message: "Your live pad was closed: somebody else wants to draw, too." });
  }

  /** Removes the client's drawing from the board. */
  remove(client: Client): void {
    const slot = this.#slotOf(client);
    if (slot === -1) return;
    this.#slots[slot] = undefined;
    this.board.clear(slot);
  }

  /** Passes an answer on to the client that drew, unless the drawing has changed meanwhile. */
  tell({ slot, number, step, probabilities }: LivePadAnswer): void {
    const entry = this.#slots[slot];
    if (entry?.number !== number) return;
    const numbers = Array.from(probabilities, (probability) => Number(probability.toFixed(5)));
    entry.client.onMessage({
      type: "guess",
      step,
      probabilities: numbers.every(Number.isFinite) ? numbers : null,
    });
  }

  #slotOf(client: Client): number {
    return this.#slots.findIndex((entry) => entry?.client === client);
  }
}

/** The least time between two answers to a drawing: as fast as the eye can follow. */
const INTERVAL_MS = 125;
/** Answers take at most about this share of the time. */
const SHARE = 0.03;

/** Classifies the drawings on the board between two runs of the trainer, with the current weights. */
export class LivePadClassifier implements Pause {
  readonly #board: LivePadBoard;
  readonly #trainer: Pick<Trainer, "guess" | "step" | "stop">;
  readonly #tell: (answer: LivePadAnswer) => void;
  readonly #now: () => number;
  #dueAt = -Infinity;

  /** @param now milliseconds; another clock in tests */
  constructor(
    board: LivePadBoard,
    trainer: Pick<Trainer, "guess" | "step" | "stop">,
    tell: (answer: LivePadAnswer) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#board = board;
    this.#trainer = trainer;
    this.#tell = tell;
    this.#now = now;
  }

  due(): boolean {
    return this.#now() >= this.#dueAt && !this.#board.isEmpty;
  }

  async take(): Promise<void> {
    const began = this.#now();
    for (const { slot, number, pixels } of this.#board.drawings()) {
      const probabilities = await this.#trainer.guess(pixels);
      // An answer that was cut short is meaningless.
      if (isTorn(this.#trainer)) return;
      this.#tell({ slot, number, step: this.#trainer.step, probabilities });
    }
    const ended = this.#now();
    this.#dueAt = Math.max(began + INTERVAL_MS, ended + (ended - began) / SHARE);
  }
}
