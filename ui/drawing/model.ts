import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { type ModelRecord, type NearestModel, parseFormQuery, recordVersion } from "../../protocol/mod.ts";
import { GridCursor } from "./canvas/grid_cursor.ts";
import { Sketch } from "./canvas/sketch.ts";
import type { Preferences } from "../shared/wire/preferences.ts";
import type { Answered } from "./insight/explained_model.ts";
import { ModelChoice } from "./model_choice.ts";
import type { Outcome } from "./outcome.ts";
import { type Drawing, Recogniser, type RecogniserParts } from "./recogniser.ts";
import { type DecodeSample, SampleShelf } from "./samples/sample_shelf.ts";

/** Where a drawing is recognised. */
export type Place = "browser" | "server";

export interface InferenceParts extends RecogniserParts {
  preferences: Preferences;
  decodeSample: DecodeSample;
}

const PLACE = "where-to-predict";

/** Everything the drawing page knows and does, without a DOM. */
export class InferenceModel {
  readonly choice: ModelChoice;
  readonly sketch = new Sketch();
  readonly cursor = new GridCursor(this.sketch);
  readonly samples: SampleShelf;
  readonly outcome = signal<Outcome>({ kind: "waiting" });
  /** The 784 bytes of the drawing, once it was answered: the same ones, whoever answers it, until another is drawn. */
  readonly drawn = signal<Uint8Array | undefined>(undefined);
  /** The answer that is shown, for those who look into it. */
  readonly answered = computed((): Answered | undefined => {
    const outcome = this.outcome.value;
    if (outcome.kind !== "recognised") return undefined;
    const { answer, pixels, source } = outcome;
    return { pixels, digit: answer.prediction, modelId: answer.found_model.id, byServer: source.by === "server" };
  });

  readonly #parts: InferenceParts;
  readonly #recogniser: Recogniser;
  readonly #place = signal<Place>("browser");
  #pending = new AbortController();
  /** What is on the paper, as far as this page was told. */
  #drawing: Drawing | undefined;

  constructor(parts: InferenceParts) {
    this.#parts = parts;
    this.choice = new ModelChoice(parts.connection);
    this.#recogniser = new Recogniser(parts, this.choice);
    this.samples = new SampleShelf(parts.connection, parts.decodeSample);
    if (parts.preferences.get(PLACE) === "server") this.#place.value = "server";
  }

  get place(): Place {
    return this.#place.value;
  }

  /** Chosen once, kept for the next visit. A drawing that was answered is answered again from there. */
  set place(place: Place) {
    if (place === this.place) return;
    const { kind } = this.outcome.value;
    this.#place.value = place;
    this.#parts.preferences.set(PLACE, place);
    if (kind !== "blank") void this.#askAgain(kind !== "waiting");
  }

  /**
   * Takes over the address's fields, or where it has none those of the model stored last. From then on, forgets `model_id` and
   * the last answer when one changes.
   */
  async open(search: string): Promise<void> {
    const { choice } = this;
    choice.read(search);
    choice.watchFields(() => void this.#askAgain());
    this.#keepModelReady();
    this.#sayMissEarly();
    const id = choice.modelId.value;
    const { device: _, ...said } = parseFormQuery(search);
    if (Object.keys(said).length === 0) return await choice.showNewest();
    void choice.refresh();
    if (id !== undefined && await choice.describeNamed(search) === "gone") this.outcome.value = choice.forgetGone(id);
  }

  /** Tests `record` itself, on the drawing that is there, and shows its settings. */
  useModel(record: ModelRecord): void {
    this.choice.showSettings(record);
    batch(() => {
      this.choice.name(record);
      this.#forget();
    });
    void this.#askAgain(true);
  }

  /** A stroke ended at `liftedAt`: this page answers at once, the server only when it is asked. */
  async strokeEnded(drawing: Drawing, liftedAt: number): Promise<void> {
    if (drawing.blank) return this.clear();
    this.drawn.value = undefined;
    if (this.place === "browser") return await this.predict(drawing, liftedAt);
    this.#forget();
    this.#drawing = drawing;
  }

  /** Recognises the drawing; its time counts from `since`. Only the latest call's answer is shown. */
  async predict(drawing: Drawing, since = this.#parts.now()): Promise<void> {
    const signal = this.#begin();
    this.#drawing = drawing;
    if (drawing.blank) return this.#show({ kind: "blank" });
    if (!this.choice.canPredict.value) return;
    const report = (outcome: Outcome) => signal.aborted || this.#show(outcome);
    const attempt = { drawing, since, signal, report };
    report(
      this.place === "server"
        ? await this.#recogniser.there(attempt)
        : await this.#recogniser.here(attempt, (record) => void this.#lookForBetter(record, drawing, signal)),
    );
  }

  /** Forgets the drawing and its answer, also one that is still under way. */
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

  /** Answers the drawing that is still there anew; the server only where that was `asked` for. */
  async #askAgain(asked = false): Promise<void> {
    this.#forget();
    const { signal } = this.#pending;
    // Several fields may change one after the other, for one reason.
    await Promise.resolve();
    const drawing = this.#drawing;
    if (signal.aborted || drawing === undefined || drawing.blank) return;
    if (asked || this.place === "browser") await this.predict(drawing);
  }

  /** The signal of a new attempt, which ends the one before. */
  #begin(): AbortSignal {
    this.#pending.abort();
    this.#pending = new AbortController();
    return this.#pending.signal;
  }

  /** A model may have been stored, changed or removed since the page last asked; then the drawing is answered again. */
  async #lookForBetter(record: ModelRecord, drawing: Drawing, signal: AbortSignal): Promise<void> {
    await this.choice.refresh();
    const chosen = this.choice.chosen.value;
    const isSame = chosen !== undefined && recordVersion(chosen) === recordVersion(record);
    if (!signal.aborted && !isSame) await this.predict(drawing);
  }

  /** Loads the model that the fields choose ahead of the first drawing. */
  #keepModelReady(): void {
    effect(() => {
      const record = this.choice.chosen.value;
      if (this.place === "browser" && record !== undefined) this.#parts.engine.prepare(record);
    });
  }

  /** Says before one draws that no stored model has these settings, and takes it back once one has. */
  #sayMissEarly(): void {
    let before: { nearest: NearestModel | null } | undefined;
    effect(() => {
      const miss = this.choice.miss.value;
      const { kind } = this.outcome.value;
      const isNews = miss !== before;
      before = miss;
      untracked(() => {
        if (miss && (kind === "waiting" || (isNews && kind === "not trained"))) {
          this.outcome.value = { kind: "not trained", ...miss };
        } else if (!miss && isNews && kind === "not trained") {
          void this.#askAgain();
        }
      });
    });
  }
}

function samePixels(pixels: Uint8Array, others: Uint8Array | undefined): boolean {
  return others !== undefined && pixels.every((ink, i) => ink === others[i]);
}
