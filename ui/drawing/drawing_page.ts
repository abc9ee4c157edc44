import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { type ModelRecord, type NearestModel, parseFormQuery, recordVersion } from "../../protocol/mod.ts";
import type { Preferences } from "../shared/wire/preferences.ts";
import { GridCursor } from "../shared/canvas/grid_cursor.ts";
import { Sketch } from "../shared/canvas/sketch.ts";
import { ModelChoice } from "./model_choice.ts";
import type { Answered, Outcome } from "./outcome.ts";
import { type DecodePicture, TestDigits } from "./test_digits.ts";
import { type Drawing, Recogniser, type RecogniserParts } from "./recogniser.ts";

/** Where a drawing is recognised. */
export type Where = "browser" | "server";

/** What `DrawingPage` depends on. */
export interface DrawingPageParts extends RecogniserParts {
  preferences: Preferences;
  decodePicture: DecodePicture;
}

/** The name under which the browser remembers `Where`. */
const WHERE = "where-to-predict";

/** State and behaviour of the drawing page, without a DOM. */
export class DrawingPage {
  readonly choice: ModelChoice;
  readonly sketch = new Sketch();
  readonly cursor = new GridCursor(this.sketch);
  readonly testDigits: TestDigits;
  readonly outcome = signal<Outcome>({ kind: "waiting" });
  /** The 784 bytes of the drawing once it has an answer: the same object until something else is drawn. */
  readonly drawn = signal<Uint8Array | undefined>(undefined);
  /** The answer that is shown, for an explanation. */
  readonly answered = computed((): Answered | undefined => {
    const outcome = this.outcome.value;
    if (outcome.kind !== "recognised") return undefined;
    const { answer, pixels, source } = outcome;
    return { pixels, digit: answer.prediction, modelId: answer.found_model.id, byServer: source.by === "server" };
  });

  readonly #parts: DrawingPageParts;
  readonly #recogniser: Recogniser;
  readonly #where = signal<Where>("browser");
  #pending = new AbortController();
  /** The drawing that was last finished or predicted. */
  #drawing: Drawing | undefined;

  constructor(parts: DrawingPageParts) {
    this.#parts = parts;
    this.choice = new ModelChoice(parts.connection);
    this.#recogniser = new Recogniser(parts, this.choice);
    this.testDigits = new TestDigits(parts.connection, parts.decodePicture);
    if (parts.preferences.get(WHERE) === "server") this.#where.value = "server";
  }

  /** Where drawings are recognised, remembered for the next visit. */
  get where(): Where {
    return this.#where.value;
  }

  /** If the current drawing has an answer, it is recognised again there. */
  set where(where: Where) {
    if (where === this.where) return;
    const { kind } = this.outcome.value;
    this.#where.value = where;
    this.#parts.preferences.set(WHERE, where);
    if (kind !== "blank") void this.#predictAgain(kind !== "waiting");
  }

  /**
   * Fills the form from the address, or from the newest model if the address has no settings. From then on, changing a
   * field drops `model_id` and the last answer.
   */
  async open(search: string): Promise<void> {
    const { choice } = this;
    choice.read(search);
    choice.watchFields(() => void this.#predictAgain());
    this.#keepModelReady();
    this.#announceMisses();
    const id = choice.modelId.value;
    const { device: _, ...given } = parseFormQuery(search);
    if (Object.keys(given).length === 0) return await choice.showNewest();
    void choice.refresh();
    if (id !== undefined && await choice.describeNamed(search) === "gone") this.outcome.value = choice.forgetGone(id);
  }

  /** Answers with the model `record` from now on, including the current drawing, and shows its settings. */
  useModel(record: ModelRecord): void {
    this.choice.showSettings(record);
    batch(() => {
      this.choice.name(record);
      this.#forget();
    });
    void this.#predictAgain(true);
  }

  /** Call when a stroke has ended, at `liftedAt`. The browser answers at once, the server only on request. */
  async strokeEnded(drawing: Drawing, liftedAt: number): Promise<void> {
    if (drawing.blank) return this.clear();
    this.drawn.value = undefined;
    if (this.where === "browser") return await this.predict(drawing, liftedAt);
    this.#forget();
    this.#drawing = drawing;
  }

  /** Recognises the drawing; the time is measured from `since`. Only the latest call's answer is shown. */
  async predict(drawing: Drawing, since = this.#parts.now()): Promise<void> {
    const signal = this.#begin();
    this.#drawing = drawing;
    const miss = this.choice.miss.value;
    if (drawing.blank && miss === undefined) return this.#show({ kind: "blank" });
    if (!this.choice.canPredict.value) return;
    // Without a range to look up, there is no point in asking the service.
    if (miss && (drawing.blank || this.choice.form.range.value === undefined)) {
      return this.#show({ kind: "not trained", ...miss });
    }
    const report = (outcome: Outcome) => signal.aborted || this.#show(outcome);
    const attempt = { drawing, since, signal, report };
    report(
      this.where === "server"
        ? await this.#recogniser.onServer(attempt)
        : await this.#recogniser.inBrowser(attempt, (record) => void this.#lookForBetter(record, drawing, signal)),
    );
  }

  /** Forgets the drawing and its answer, including one that has not arrived yet. */
  clear(): void {
    this.#drawing = this.drawn.value = undefined;
    this.#forget();
  }

  #show(outcome: Outcome): void {
    batch(() => {
      this.outcome.value = outcome;
      if (outcome.kind === "blank") this.drawn.value = undefined;
      else if (outcome.kind === "recognised" && !samePixels(outcome.pixels, this.drawn.value)) {
        this.drawn.value = outcome.pixels;
      }
    });
  }

  #forget(): void {
    this.#begin();
    this.outcome.value = { kind: "waiting" };
  }

  /** Answers the current drawing again; on the server only if the user `asked` for an answer. */
  async #predictAgain(asked = false): Promise<void> {
    this.#forget();
    const { signal } = this.#pending;
    // Several fields may change one after the other for the same reason.
    await Promise.resolve();
    const drawing = this.#drawing;
    if (signal.aborted || drawing === undefined || drawing.blank) return;
    if (asked || this.where === "browser") await this.predict(drawing);
  }

  /** Ends the current attempt and returns the signal of a new one. */
  #begin(): AbortSignal {
    this.#pending.abort();
    this.#pending = new AbortController();
    return this.#pending.signal;
  }

  /**
   * Predicts again if a different model matches now: a model may have been stored, changed or deleted since the page
   * last looked.
   */
  async #lookForBetter(record: ModelRecord, drawing: Drawing, signal: AbortSignal): Promise<void> {
    await this.choice.refresh();
    const chosen = this.choice.chosen.value;
    const isSame = chosen !== undefined && recordVersion(chosen) === recordVersion(record);
    if (!signal.aborted && !isSame) await this.predict(drawing);
  }

  /** Loads the chosen model before the first drawing. */
  #keepModelReady(): void {
    effect(() => {
      const record = this.choice.chosen.value;
      if (this.where === "browser" && record !== undefined) this.#parts.engine.prepare(record);
    });
  }

  /** Shows, even before anything is drawn, that no stored model has these settings, and predicts again once one has. */
  #announceMisses(): void {
    let before: { nearest: NearestModel | null } | undefined;
    effect(() => {
      const miss = this.choice.miss.value;
      const { kind } = this.outcome.value;
      const isNews = miss !== before;
      before = miss;
      untracked(() => {
        // Predict may have been pressed on a blank page before the list of models was there.
        if (miss && (kind === "waiting" || (isNews && (kind === "blank" || kind === "not trained")))) {
          this.outcome.value = { kind: "not trained", ...miss };
        } else if (!miss && isNews && kind === "not trained") {
          void this.#predictAgain();
        }
      });
    });
  }
}

function samePixels(pixels: Uint8Array, others: Uint8Array | undefined): boolean {
  return others !== undefined && pixels.every((ink, i) => ink === others[i]);
}
