import type { Attribution, Explainer } from "../../../core/training/attribution.ts";
import { type ModelRecord, recordVersion } from "../../../protocol/mod.ts";

export type OpenExplainerOf = (record: ModelRecord) => Promise<Pick<Explainer, "explain" | "close">>;

interface Opened {
  version: string;
  explainer: ReturnType<OpenExplainerOf>;
  /** Settles when the last drawing that was handed in is explained. */
  idle: Promise<unknown>;
}

/** Keeps the one model that is being explained open, from the first time on that anybody wants to know. */
export class InsightEngine {
  #opened: Opened | undefined;

  constructor(private readonly open: OpenExplainerOf) {}

  /** Why `record` gave `digit` the logit that it did. Drawings are explained in order. */
  explain(record: ModelRecord, pixels: Uint8Array, digit: number): Promise<Attribution> {
    const opened = this.#use(record);
    const insight = opened.idle.then(async () => (await opened.explainer).explain(pixels, digit));
    opened.idle = insight.catch(() => this.#forget(opened));
    return insight;
  }

  /** Frees the memory until the next time. */
  rest(): void {
    if (this.#opened !== undefined) this.#forget(this.#opened);
  }

  #use(record: ModelRecord): Opened {
    const version = recordVersion(record);
    if (this.#opened?.version === version) return this.#opened;
    this.rest();
    this.#opened = { version, explainer: this.open(record), idle: Promise.resolve() };
    return this.#opened;
  }

  #forget(opened: Opened): void {
    if (this.#opened === opened) this.#opened = undefined;
    opened.idle.then(async () => (await opened.explainer).close()).catch(() => {});
  }
}
