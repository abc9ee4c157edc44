import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Attribution } from "../../../core/training/attribution.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { AttributionEngine } from "../../shared/engine/engines.ts";
import type { Preferences } from "../../shared/wire/preferences.ts";

/** An answer, and what it was given for. */
export interface Answered {
  /** The 784 bytes that were classified. */
  pixels: Uint8Array;
  digit: number;
  modelId: string;
  /** Whether the server did the arithmetic. */
  byServer: boolean;
}

export interface Explained extends Attribution {
  answered: Answered;
}

export interface ExplainedParts {
  answered: ReadonlySignal<Answered | undefined>;
  findRecord(id: string): Promise<ModelRecord | undefined>;
  engine: Pick<AttributionEngine, "explain" | "rest">;
  preferences: Preferences;
  /** Calls back when the page has nothing better to do, unless the returned function is called before. */
  whenIdle(callback: () => void): () => void;
}

export const SECTIONS = ["picture", "layers"] as const;
export type Section = typeof SECTIONS[number];

/** What the model saw in the last drawing. Nothing is computed while no section is open, and never before the answer. */
export class ExplainedModel {
  /** Stays until the next one is there, so that nothing flickers between two strokes. */
  readonly explained = signal<Explained | undefined>(undefined);
  /** Why there is none, in words. */
  readonly error = signal<string | undefined>(undefined);
  readonly isAnyOpen = computed(() => SECTIONS.some((section) => this.#open[section].value));

  readonly #open: Readonly<Record<Section, ReturnType<typeof signal<boolean>>>>;

  constructor(private readonly parts: ExplainedParts) {
    const opened = (section: Section, unsaid: boolean) =>
      signal<boolean>((parts.preferences.get(nameOf(section)) ?? String(unsaid)) === "true");
    this.#open = { picture: opened("picture", true), layers: opened("layers", false) };
    effect(() => {
      const answered = parts.answered.value;
      if (!this.isAnyOpen.value) {
        parts.engine.rest();
        return;
      }
      if (answered === undefined) {
        this.#show(undefined, undefined);
        return;
      }
      return this.#explainWhenIdle(answered);
    });
  }

  isOpen(section: Section): boolean {
    return this.#open[section].value === true;
  }

  setOpen(section: Section, open: boolean): void {
    if (this.isOpen(section) === open) return;
    this.#open[section].value = open;
    this.parts.preferences.set(nameOf(section), String(open));
  }

  /** Returns how to call it off. */
  #explainWhenIdle(answered: Answered): () => void {
    let isCalledOff = false;
    const cancel = this.parts.whenIdle(async () => {
      try {
        const record = await this.parts.findRecord(answered.modelId);
        if (isCalledOff) return;
        if (record === undefined) throw new Error("the model is not stored any more");
        const insight = await this.parts.engine.explain(record, answered.pixels, answered.digit);
        if (!isCalledOff) this.#show({ ...insight, answered }, undefined);
      } catch {
        const message = "This browser could not open the model to look into it. Draw again to try once more.";
        if (!isCalledOff) this.#show(undefined, message);
      }
    });
    return () => {
      isCalledOff = true;
      cancel();
    };
  }

  #show(explained: Explained | undefined, error: string | undefined): void {
    batch(() => {
      this.explained.value = explained;
      this.error.value = error;
    });
  }
}

function nameOf(section: Section): string {
  return `insight-${section}`;
}
