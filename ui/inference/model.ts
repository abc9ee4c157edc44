import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { BlankDrawingError, prepareDrawing, type Raster } from "../../core/mnist/drawing.ts";
import { FALSE_ALARM_PERCENT, looksLikeNoDigit } from "../../core/mnist/doubt.ts";
import {
  describeDoubt,
  describePrediction,
  findMatch,
  findNearest,
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  type NearestModel,
  parseFormQuery,
  type PredictRequest,
  recordVersion,
} from "../../protocol/mod.ts";
import { GridCursor } from "../canvas/grid_cursor.ts";
import { Sketch } from "../canvas/sketch.ts";
import type { LocalEngine } from "../engine/local_engine.ts";
import type { LabConnection } from "../lab/connection.ts";
import type { Preferences } from "../lab/preferences.ts";
import { askService } from "./ask_service.ts";
import { DrawingForm } from "./form.ts";
import type { Answered } from "./insight/explained_model.ts";
import type { Outcome } from "./outcome.ts";
import { type DecodeSample, SampleShelf } from "./samples/sample_shelf.ts";
import { StoredModels } from "../lab/stored_models.ts";

export interface Drawing {
  readonly blank: boolean;
  /** The drawing as a PNG data URL, 280×280. */
  toDataUrl(): string;
  /** The same picture as pixels. */
  toRaster(): Raster;
}

/** Where a drawing is recognised. */
export type Place = "browser" | "server";

export interface InferenceParts {
  connection: LabConnection;
  engine: LocalEngine;
  preferences: Preferences;
  decodeSample: DecodeSample;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  now(): number;
}

const PLACE = "where-to-predict";

/** Everything the drawing page knows and does, without a DOM. */
export class InferenceModel {
  readonly form = new DrawingForm();
  readonly sketch = new Sketch();
  readonly cursor = new GridCursor(this.sketch);
  readonly samples: SampleShelf;
  readonly outcome = signal<Outcome>({ kind: "waiting" });
  /** The 784 bytes of the drawing, once it was answered: the same ones, whoever answers it, until another is drawn. */
  readonly drawn = signal<Uint8Array | undefined>(undefined);
  /** The one model that is tested whatever the fields say, until a field is changed. */
  readonly modelId = signal<string | undefined>(undefined);
  /** The record of `modelId`, once the service has sent it. */
  readonly namedModel = signal<ModelRecord | undefined>(undefined);
  /** The answer that is shown, for those who look into it. */
  readonly answered = computed((): Answered | undefined => {
    const outcome = this.outcome.value;
    if (outcome.kind !== "recognised") return undefined;
    const { answer, pixels, source } = outcome;
    return { pixels, digit: answer.prediction, modelId: answer.found_model.id, byServer: source.by === "server" };
  });
  readonly canPredict = computed(() => this.modelId.value !== undefined || this.form.params.value !== undefined);

  /** The stored model that answers, as far as this page knows. */
  readonly chosen = computed((): ModelRecord | undefined => {
    const records = this.#stored.records.value;
    const id = this.modelId.value;
    if (id !== undefined) return records === undefined ? this.namedModel.value : records.find((r) => r.id === id);
    const params = this.form.params.value;
    return records && params && findMatch(records, params);
  });

  readonly query = computed((): FormQuery => ({ ...this.form.query.value, model_id: this.modelId.value }));
  /** What the address bar shows behind `?`: also the device to predict on, where the address named one. */
  readonly address = computed(() => formatFormQuery({ ...this.query.value, device: this.#device.value }));

  readonly #parts: InferenceParts;
  readonly #stored: StoredModels;
  readonly #device = signal<string | undefined>(undefined);
  readonly #place = signal<Place>("browser");
  /** Set while the settings are known to fit no stored model. */
  readonly #miss = computed((): { nearest: NearestModel | null } | undefined => {
    const records = this.#stored.records.value;
    const params = this.form.params.value;
    if (this.modelId.value !== undefined || records === undefined || params === undefined) return undefined;
    return this.chosen.value === undefined ? { nearest: findNearest(records, params) } : undefined;
  });
  #pending = new AbortController();
  /** What is on the paper, as far as this page was told. */
  #drawing: Drawing | undefined;
  #isShowing = false;

  constructor(parts: InferenceParts) {
    this.#parts = parts;
    this.#stored = new StoredModels(parts.connection);
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

  /** Takes over the address's fields and, from then on, forgets `model_id` and the last answer when one changes. */
  async open(search: string): Promise<void> {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.modelId.value = query.model_id || undefined;
    this.#device.value = query.device;
    this.#watchFields();
    this.#keepModelReady();
    this.#sayMissEarly();
    void this.refresh();
    if (this.modelId.value !== undefined) {
      const { model_id: _, device: __, ...settings } = query;
      await this.#describeNamedModel(this.modelId.value, Object.keys(settings).length === 0);
    }
  }

  /** Looks which models are stored by now. */
  async refresh(): Promise<void> {
    await this.#stored.refresh();
  }

  /** Tests `record` itself, on the drawing that is there, and shows its settings. */
  useModel(record: ModelRecord): void {
    this.#showSettings(record);
    batch(() => {
      this.modelId.value = record.id;
      this.namedModel.value = record;
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
    if (!this.canPredict.value) return;
    const answer = this.place === "browser" ? this.#predictHere : this.#predictThere;
    const outcome = await answer.call(this, drawing, since, signal);
    if (!signal.aborted) this.#show(outcome);
  }

  /** All stored models as they are now; undefined while the service does not tell. */
  async listModels(): Promise<readonly ModelRecord[] | undefined> {
    await this.#stored.refresh();
    return this.#stored.records.value;
  }

  async findRecord(id: string): Promise<ModelRecord | undefined> {
    const among = (records: readonly ModelRecord[] | undefined) => records?.find((record) => record.id === id);
    return among(this.#stored.records.peek()) ?? among(await this.listModels());
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
      else if (outcome.kind === "recognised" && !isSame(outcome.pixels, this.drawn.value)) {
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

  async #predictHere(drawing: Drawing, since: number, signal: AbortSignal): Promise<Outcome> {
    const { engine, now } = this.#parts;
    try {
      const pixels = prepareDrawing(drawing.toRaster());
      if (this.chosen.value === undefined) await this.#stored.refresh();
      const record = this.chosen.value;
      if (record === undefined) {
        // The page can say so by itself, unless it does not know what the service has.
        const miss = this.#miss.value;
        return miss ? { kind: "not trained", ...miss } : await this.#predictThere(drawing, since, signal);
      }
      if (!engine.isReady(record) && !signal.aborted) this.outcome.value = { kind: "loading" };
      const { probabilities, device } = await engine.predict(record, pixels);
      const source = { by: device, milliseconds: now() - since };
      void this.#lookForBetter(record, drawing, signal);
      const doubt = describeDoubt(looksLikeNoDigit(pixels), FALSE_ALARM_PERCENT);
      return { kind: "recognised", answer: describePrediction(record, probabilities, doubt), source, pixels };
    } catch (error) {
      if (error instanceof BlankDrawingError) return { kind: "blank" };
      return await this.#predictThere(drawing, since, signal, { isStandIn: true });
    }
  }

  /** A model may have been stored, changed or removed since the page last asked; then the drawing is answered again. */
  async #lookForBetter(record: ModelRecord, drawing: Drawing, signal: AbortSignal): Promise<void> {
    await this.#stored.refresh();
    const chosen = this.chosen.value;
    const isSame = chosen !== undefined && recordVersion(chosen) === recordVersion(record);
    if (!signal.aborted && !isSame) await this.predict(drawing);
  }

  async #predictThere(
    drawing: Drawing,
    since: number,
    signal: AbortSignal,
    note: { isStandIn?: boolean } = {},
  ): Promise<Outcome> {
    if (!signal.aborted) this.outcome.value = { kind: "asking" };
    const image_data = drawing.toDataUrl();
    const raster = drawing.toRaster();
    const id = this.modelId.value;
    const body: PredictRequest = id === undefined
      ? { params: this.form.params.value, image_data }
      : { model_id: id, image_data };
    const reply = await askService(this.#parts.connection, body, signal);
    if ("kind" in reply) return id !== undefined && await this.#isGone(id, signal) ? this.#forgetNamed(id) : reply;
    return {
      kind: "recognised",
      answer: reply,
      source: { by: "server", milliseconds: this.#parts.now() - since, ...note },
      // The server prepares the picture by the same code.
      pixels: prepareDrawing(raster),
    };
  }

  /** Loads the model that the fields choose ahead of the first drawing. */
  #keepModelReady(): void {
    effect(() => {
      const record = this.chosen.value;
      if (this.place === "browser" && record !== undefined) this.#parts.engine.prepare(record);
    });
  }

  /** Says before one draws that no stored model has these settings, and takes it back once one has. */
  #sayMissEarly(): void {
    let before: { nearest: NearestModel | null } | undefined;
    effect(() => {
      const miss = this.#miss.value;
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

  #watchFields(): void {
    let seen: string | undefined;
    effect(() => {
      const fields = formatFormQuery(this.form.query.value);
      if (seen !== undefined && fields !== seen && !this.#isShowing) untracked(() => this.#fieldsChanged());
      seen = fields;
    });
  }

  /** Fills the fields in, which is no change of theirs by the user. */
  #showSettings(record: ModelRecord): void {
    this.#isShowing = true;
    this.form.set(record);
    this.#isShowing = false;
  }

  #fieldsChanged(): void {
    this.modelId.value = undefined;
    this.namedModel.value = undefined;
    void this.#askAgain();
  }

  /** `isAlone`: the address says nothing about the settings, so that the model's own are shown. */
  async #describeNamedModel(id: string, isAlone: boolean): Promise<void> {
    const reply = await this.#parts.connection.request(`/api/models/${encodeURIComponent(id)}`).catch(() => undefined);
    if (this.modelId.value !== id) return;
    if (reply?.status === 200) {
      this.namedModel.value = reply.body as ModelRecord;
      if (isAlone) this.#showSettings(this.namedModel.value);
    } else if (reply?.status === 404) {
      this.outcome.value = this.#forgetNamed(id);
    }
  }

  /** Whether the model that the page still names was removed meanwhile, for all that can be known. */
  async #isGone(id: string, signal: AbortSignal): Promise<boolean> {
    await this.#stored.refresh();
    const records = this.#stored.records.value;
    return !signal.aborted && this.modelId.value === id && records?.some((record) => record.id === id) === false;
  }

  #forgetNamed(id: string): Outcome {
    this.modelId.value = this.namedModel.value = undefined;
    return { kind: "failed", message: `The model ${id} is not stored any more. The settings decide instead.` };
  }
}

function isSame(pixels: Uint8Array, others: Uint8Array | undefined): boolean {
  return others !== undefined && pixels.every((ink, i) => ink === others[i]);
}
