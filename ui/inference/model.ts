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
  parseFormQuery,
  type PredictRequest,
  recordVersion,
} from "../../protocol/mod.ts";
import type { LocalEngine } from "../engine/local_engine.ts";
import type { LabConnection } from "../lab/connection.ts";
import type { Preferences } from "../lab/preferences.ts";
import { askService } from "./ask_service.ts";
import { DrawingForm } from "./form.ts";
import type { Answered } from "./insight/explained_model.ts";
import type { Outcome } from "./outcome.ts";
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
  /** Milliseconds on the clock of `Event.timeStamp`. */
  now(): number;
}

const PLACE = "where-to-predict";

/** Everything the drawing page knows and does, without a DOM. */
export class InferenceModel {
  readonly form = new DrawingForm();
  readonly outcome = signal<Outcome>({ kind: "waiting" });
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

  readonly query = computed((): FormQuery => ({ ...this.form.query.value, model_id: this.modelId.value }));
  /** What the address bar shows behind `?`. */
  readonly address = computed(() => formatFormQuery(this.query.value));

  readonly #parts: InferenceParts;
  readonly #stored: StoredModels;
  readonly #place = signal<Place>("browser");
  /** The stored model that answers, as far as this page knows. */
  readonly #chosen = computed((): ModelRecord | undefined => {
    const records = this.#stored.records.value;
    const id = this.modelId.value;
    if (id !== undefined) return records === undefined ? this.namedModel.value : records.find((r) => r.id === id);
    const params = this.form.params.value;
    return records && params && findMatch(records, params);
  });
  #pending = new AbortController();

  constructor(parts: InferenceParts) {
    this.#parts = parts;
    this.#stored = new StoredModels(parts.connection);
    if (parts.preferences.get(PLACE) === "server") this.#place.value = "server";
  }

  get place(): Place {
    return this.#place.value;
  }

  /** Chosen once, kept for the next visit. */
  set place(place: Place) {
    this.#place.value = place;
    this.#parts.preferences.set(PLACE, place);
  }

  /** Takes over the address's fields and, from then on, forgets `model_id` and the last answer when one changes. */
  async open(search: string): Promise<void> {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.modelId.value = query.model_id || undefined;
    this.#watchFields();
    this.#keepModelReady();
    if (this.modelId.value !== undefined) await this.#describeNamedModel(this.modelId.value);
  }

  /** Tests `record` itself, and shows its settings. */
  useModel(record: ModelRecord): void {
    this.form.set(record);
    batch(() => {
      this.modelId.value = record.id;
      this.namedModel.value = record;
      this.clear();
    });
  }

  /** A stroke ended at `liftedAt`: this page answers at once, the server only when it is asked. */
  async strokeEnded(drawing: Drawing, liftedAt: number): Promise<void> {
    if (this.place === "browser" && !drawing.blank) await this.predict(drawing, liftedAt);
  }

  /** Recognises the drawing; its time counts from `since`. Only the latest call's answer is shown. */
  async predict(drawing: Drawing, since = this.#parts.now()): Promise<void> {
    const signal = this.#begin();
    if (drawing.blank) {
      this.outcome.value = { kind: "blank" };
      return;
    }
    if (!this.canPredict.value) return;
    const answer = this.place === "browser" ? this.#predictHere : this.#predictThere;
    const outcome = await answer.call(this, drawing, since, signal);
    if (!signal.aborted) this.outcome.value = outcome;
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

  /** Forgets the answer, also one that is still under way. */
  clear(): void {
    this.#begin();
    this.outcome.value = { kind: "waiting" };
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
      if (this.#chosen.value === undefined) await this.#stored.refresh();
      const record = this.#chosen.value;
      if (record === undefined) return await this.#miss(drawing, since, signal);
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

  /** No model here: the page can say so by itself, unless it does not know what the service has. */
  async #miss(drawing: Drawing, since: number, signal: AbortSignal): Promise<Outcome> {
    const records = this.#stored.records.value;
    const params = this.form.params.value;
    if (this.modelId.value === undefined && records !== undefined && params !== undefined) {
      return { kind: "not trained", nearest: findNearest(records, params) };
    }
    return await this.#predictThere(drawing, since, signal);
  }

  /** A model may have been stored, changed or removed since the page last asked; then the drawing is answered again. */
  async #lookForBetter(record: ModelRecord, drawing: Drawing, signal: AbortSignal): Promise<void> {
    await this.#stored.refresh();
    const chosen = this.#chosen.value;
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
    if ("kind" in reply) return reply;
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
      if (this.place === "browser" && this.#stored.records.peek() === undefined) void this.#stored.refresh();
    });
    effect(() => {
      const record = this.#chosen.value;
      if (this.place === "browser" && record !== undefined) this.#parts.engine.prepare(record);
    });
  }

  #watchFields(): void {
    let seen: string | undefined;
    effect(() => {
      const fields = formatFormQuery(this.form.query.value);
      if (seen !== undefined && fields !== seen) untracked(() => this.#fieldsChanged());
      seen = fields;
    });
  }

  #fieldsChanged(): void {
    this.modelId.value = undefined;
    this.namedModel.value = undefined;
    this.clear();
  }

  async #describeNamedModel(id: string): Promise<void> {
    const reply = await this.#parts.connection.request(`/api/models/${encodeURIComponent(id)}`).catch(() => undefined);
    if (this.modelId.value !== id) return;
    if (reply?.status === 200) {
      this.namedModel.value = reply.body as ModelRecord;
    } else if (reply?.status === 404) {
      this.modelId.value = undefined;
      this.outcome.value = {
        kind: "failed",
        message: `The model ${id} is not stored any more. The settings decide instead.`,
      };
    }
  }
}
