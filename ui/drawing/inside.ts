import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Attribution } from "../../core/training/attribution.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import type { AttributionEngine, SeveralModels } from "../shared/engine/engines.ts";
import type { Preferences } from "../shared/wire/preferences.ts";
import { AllModels } from "./all_models.ts";
import type { DrawingPage } from "./drawing_page.ts";
import type { Answered } from "./outcome.ts";

/** Calls back once the page is idle, unless the returned function is called first. */
export type WhenIdle = (callback: () => void) => () => void;

/** What `Inside` depends on. */
export interface InsideParts {
  attributions: AttributionEngine;
  several: SeveralModels;
  preferences: Preferences;
  whenIdle: WhenIdle;
}

/** "Look inside": explains the answer that the page shows, and asks all other models about the same drawing. */
export class Inside {
  readonly explanation: Explanation;
  readonly all: AllModels;
  /** Makes the page answer with this model from now on. */
  readonly useModel: (record: ModelRecord) => void;
  /** The model that answers now, or soon will. */
  readonly inUse: ReadonlySignal<ModelRecord | undefined>;

  constructor(page: DrawingPage, { attributions, several, preferences, whenIdle }: InsideParts) {
    this.explanation = new Explanation({
      answered: page.answered,
      findRecord: (id) => page.choice.findRecord(id),
      engine: attributions,
      preferences,
      whenIdle,
    });
    this.all = new AllModels({
      drawn: page.drawn,
      list: () => page.choice.listModels(),
      engine: several,
      pause: () => new Promise((resolve) => void whenIdle(resolve)),
    });
    this.useModel = (record) => page.useModel(record);
    this.inUse = page.choice.chosen;
  }
}

/** An answer with its attribution and the hidden activations behind it. */
export interface Explained extends Attribution {
  answered: Answered;
}

/** The sections of an explanation. The browser remembers which of them are open. */
export const SECTIONS = ["picture", "layers"] as const;
/** One of `SECTIONS`. */
export type Section = typeof SECTIONS[number];

/** What `Explanation` depends on. */
export interface ExplanationParts {
  /** The answer that the page shows. */
  answered: ReadonlySignal<Answered | undefined>;
  findRecord(id: string): Promise<ModelRecord | undefined>;
  engine: Pick<AttributionEngine, "explain" | "rest">;
  preferences: Preferences;
  whenIdle: WhenIdle;
}

/** Explains each answer once the page is idle; computes nothing while all its sections are closed. */
export class Explanation {
  /** Stays until the next explanation is ready, so that nothing flickers between two strokes. */
  readonly current = signal<Explained | undefined>(undefined);
  /** Why there is no explanation, as a sentence. */
  readonly error = signal<string | undefined>(undefined);
  readonly isAnyOpen = computed(() => SECTIONS.some((section) => this.isOpen(section)));

  readonly #parts: ExplanationParts;
  readonly #open: Readonly<Record<Section, ReturnType<typeof signal<boolean>>>>;

  constructor(parts: ExplanationParts) {
    this.#parts = parts;
    const remembered = (section: Section, byDefault: boolean) =>
      signal<boolean>((parts.preferences.get(preferenceOf(section)) ?? String(byDefault)) === "true");
    this.#open = { picture: remembered("picture", true), layers: remembered("layers", false) };
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

  /** Opens or closes a section, and remembers it for the next visit. */
  setOpen(section: Section, open: boolean): void {
    if (this.isOpen(section) === open) return;
    this.#open[section].value = open;
    this.#parts.preferences.set(preferenceOf(section), String(open));
  }

  /** Returns a function that cancels the explanation. */
  #explainWhenIdle(answered: Answered): () => void {
    let isCancelled = false;
    const cancel = this.#parts.whenIdle(async () => {
      try {
        const record = await this.#parts.findRecord(answered.modelId);
        if (isCancelled) return;
        if (record === undefined) throw new Error("the model is not stored any more");
        const attribution = await this.#parts.engine.explain(record, answered.pixels, answered.digit);
        if (!isCancelled) this.#show({ ...attribution, answered }, undefined);
      } catch {
        const message = "This browser could not open the model to look inside. Draw again to retry.";
        if (!isCancelled) this.#show(undefined, message);
      }
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  #show(explained: Explained | undefined, error: string | undefined): void {
    batch(() => {
      this.current.value = explained;
      this.error.value = error;
    });
  }
}

/** Browsers have remembered the sections under these names since the first release. */
function preferenceOf(section: Section): string {
  return `insight-${section}`;
}

/** How long `whenIdle` waits for a page that is never idle, in ms. */
const PATIENCE_MS = 250;

/** Calls back once the page is painted and idle, unless the returned function is called first. */
export function whenIdle(callback: () => void): () => void {
  if ("requestIdleCallback" in globalThis) {
    const handle = requestIdleCallback(() => callback(), { timeout: PATIENCE_MS });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(callback, 30);
  return () => clearTimeout(timer);
}
