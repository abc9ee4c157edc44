import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ModelRecord } from "../../protocol/mod.ts";
import type { SeveralModels } from "../shared/engine/engines.ts";

/** The most models to ask: nobody reads a longer list to its end. */
export const MAX_ASKED = 50;

/** What one model says about the drawing. */
export interface Opinion {
  record: ModelRecord;
  /** Its answer, with a confidence from 0 to 1, or that it could not be opened. */
  says: { digit: number; confidence: number } | "unusable";
}

/** A digit and how many models name it. */
export interface Vote {
  digit: number;
  votes: number;
}

/** What `AllModels` depends on. */
export interface AllModelsParts {
  /** The drawing as 784 bytes; a new object means a new drawing. Undefined before the first answer. */
  drawn: ReadonlySignal<Uint8Array | undefined>;
  /** All stored models as they are now; undefined when the service cannot be reached. */
  list(): Promise<readonly ModelRecord[] | undefined>;
  engine: Pick<SeveralModels, "ask" | "retain">;
  /** Lets the page respond between two models. */
  pause(): Promise<void>;
}

/** Asks every stored model about the last drawing, one after the other. */
export class AllModels {
  readonly state = signal<"idle" | "asking" | "done" | "unreachable">("idle");
  readonly opinions = signal<readonly Opinion[]>([]);
  /** How many models are asked. */
  readonly asked = signal(0);
  /** How many models are stored. */
  readonly stored = signal(0);
  readonly canAsk = computed(() => this.#parts.drawn.value !== undefined && this.state.value !== "asking");

  /** The digits that were named, most votes first. */
  readonly votes = computed((): Vote[] => {
    const counts = new Map<number, number>();
    for (const { says } of this.opinions.value) {
      if (says !== "unusable") counts.set(says.digit, (counts.get(says.digit) ?? 0) + 1);
    }
    return Array.from(counts, ([digit, votes]) => ({ digit, votes })).sort((a, b) =>
      b.votes - a.votes || a.digit - b.digit
    );
  });

  readonly #parts: AllModelsParts;
  #attempt = 0;

  constructor(parts: AllModelsParts) {
    this.#parts = parts;
    // Opinions belong to one drawing.
    effect(() => {
      void parts.drawn.value;
      this.#forget();
    });
  }

  /** Asks the most accurate models first. Stops when something else is drawn. */
  async ask(): Promise<void> {
    const pixels = this.#parts.drawn.peek();
    if (pixels === undefined) return;
    this.#forget();
    const attempt = this.#attempt;
    const isOver = () => attempt !== this.#attempt;
    this.state.value = "asking";
    const records = await this.#parts.list();
    if (isOver()) return;
    if (records === undefined) {
      this.state.value = "unreachable";
      return;
    }
    const best = [...records].sort((a, b) => b.accuracy - a.accuracy || b.timestamp - a.timestamp).slice(0, MAX_ASKED);
    batch(() => {
      this.stored.value = records.length;
      this.asked.value = best.length;
    });
    this.#parts.engine.retain(best);
    for (const record of best) {
      const says = await this.#ask(record, pixels);
      if (isOver()) return;
      this.opinions.value = [...this.opinions.value, { record, says }];
      await this.#parts.pause();
      if (isOver()) return;
    }
    this.state.value = "done";
  }

  async #ask(record: ModelRecord, pixels: Uint8Array): Promise<Opinion["says"]> {
    try {
      const probabilities = await this.#parts.engine.ask(record, pixels);
      const confidence = Math.max(...probabilities);
      return { digit: probabilities.indexOf(confidence), confidence };
    } catch {
      return "unusable";
    }
  }

  #forget(): void {
    this.#attempt++;
    batch(() => {
      this.state.value = "idle";
      this.opinions.value = [];
    });
  }
}
