import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { SeveralModels } from "../../shared/engine/engines.ts";

/** More are not asked: a list that nobody reads to its end. */
export const MOST = 50;

export interface Opinion {
  record: ModelRecord;
  /** What the model says, or that it cannot be used. */
  says: { digit: number; confidence: number } | "unusable";
}

export interface Vote {
  digit: number;
  votes: number;
}

export interface AllModelsParts {
  /** The drawing as 784 bytes; another object is another drawing. Undefined before one was answered. */
  drawn: ReadonlySignal<Uint8Array | undefined>;
  /** All stored models as they are now; undefined when the service does not tell. */
  list(): Promise<readonly ModelRecord[] | undefined>;
  engine: Pick<SeveralModels, "ask" | "retain">;
  /** Lets the page breathe between two models. */
  pause(): Promise<void>;
}

/** The last drawing before every stored model, one after the other. */
export class AllModels {
  readonly state = signal<"idle" | "asking" | "done" | "unreachable">("idle");
  readonly opinions = signal<readonly Opinion[]>([]);
  /** How many are asked, and how many there are. */
  readonly asked = signal(0);
  readonly stored = signal(0);
  readonly canAsk = computed(() => this.parts.drawn.value !== undefined && this.state.value !== "asking");

  /** Which digits were named, the most named first. */
  readonly votes = computed((): Vote[] => {
    const counts = new Map<number, number>();
    for (const { says } of this.opinions.value) {
      if (says !== "unusable") counts.set(says.digit, (counts.get(says.digit) ?? 0) + 1);
    }
    return Array.from(counts, ([digit, votes]) => ({ digit, votes })).sort((a, b) =>
      b.votes - a.votes || a.digit - b.digit
    );
  });

  #attempt = 0;

  constructor(private readonly parts: AllModelsParts) {
    // What was said about the drawing before goes with it.
    effect(() => {
      void parts.drawn.value;
      this.#forget();
    });
  }

  async ask(): Promise<void> {
    const pixels = this.parts.drawn.peek();
    if (pixels === undefined) return;
    this.#forget();
    const attempt = this.#attempt;
    const isOver = () => attempt !== this.#attempt;
    this.state.value = "asking";
    const records = await this.parts.list();
    if (isOver()) return;
    if (records === undefined) {
      this.state.value = "unreachable";
      return;
    }
    const best = [...records].sort((a, b) => b.accuracy - a.accuracy || b.timestamp - a.timestamp).slice(0, MOST);
    batch(() => {
      this.stored.value = records.length;
      this.asked.value = best.length;
    });
    this.parts.engine.retain(best);
    for (const record of best) {
      const says = await this.#ask(record, pixels);
      if (isOver()) return;
      this.opinions.value = [...this.opinions.value, { record, says }];
      await this.parts.pause();
      if (isOver()) return;
    }
    this.state.value = "done";
  }

  async #ask(record: ModelRecord, pixels: Uint8Array): Promise<Opinion["says"]> {
    try {
      const probabilities = await this.parts.engine.ask(record, pixels);
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
