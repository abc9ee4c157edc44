import { batch, computed, effect, signal, untracked } from "@preact/signals";
import {
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  type NotTrainedResponse,
  parseFormQuery,
  type PredictRequest,
  type PredictResponse,
} from "../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../lab/connection.ts";
import { DrawingForm } from "./form.ts";

/** What the page has to say about the drawing. */
export type Outcome =
  | { kind: "waiting" }
  | { kind: "asking" }
  | { kind: "blank" }
  | { kind: "recognised"; answer: PredictResponse }
  | { kind: "not trained"; nearest: NotTrainedResponse["nearest"] }
  | { kind: "failed"; message: string };

export interface Drawing {
  readonly blank: boolean;
  /** The drawing as a PNG data URL, 280×280. */
  toDataUrl(): string;
}

/** Everything the drawing page knows and does, without a DOM. */
export class InferenceModel {
  readonly form = new DrawingForm();
  readonly outcome = signal<Outcome>({ kind: "waiting" });
  /** The one model that is tested whatever the fields say, until a field is changed. */
  readonly modelId = signal<string | undefined>(undefined);
  /** The record of `modelId`, once the service has sent it. */
  readonly namedModel = signal<ModelRecord | undefined>(undefined);
  readonly canPredict = computed(() => this.modelId.value !== undefined || this.form.params.value !== undefined);

  readonly query = computed((): FormQuery => ({ ...this.form.query.value, model_id: this.modelId.value }));
  /** What the address bar shows behind `?`. */
  readonly address = computed(() => formatFormQuery(this.query.value));

  readonly #connection: LabConnection;
  #pending = new AbortController();

  constructor(connection: LabConnection) {
    this.#connection = connection;
  }

  /** Takes over the address's fields and, from then on, forgets `model_id` and the last answer when one changes. */
  async open(search: string): Promise<void> {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.modelId.value = query.model_id || undefined;
    this.#watchFields();
    if (this.modelId.value !== undefined) await this.#describeNamedModel(this.modelId.value);
  }

  /** Tests `record` itself, and shows its settings. */
  useModel(record: ModelRecord): void {
    this.form.set(record);
    batch(() => {
      this.modelId.value = record.id;
      this.namedModel.value = record;
      this.outcome.value = { kind: "waiting" };
    });
  }

  async predict(drawing: Drawing): Promise<void> {
    if (drawing.blank) {
      this.#settle({ kind: "blank" });
      return;
    }
    const params = this.form.params.value;
    const id = this.modelId.value;
    if (id === undefined && params === undefined) return;
    const image_data = drawing.toDataUrl();
    const body: PredictRequest = id !== undefined ? { model_id: id, image_data } : { params, image_data };
    this.#settle({ kind: "asking" });
    const { signal } = this.#pending;
    const outcome = await this.#ask(body, signal);
    if (!signal.aborted) this.outcome.value = outcome;
  }

  /** Forgets the answer, also one that is still under way. */
  clear(): void {
    this.#settle({ kind: "waiting" });
  }

  #settle(outcome: Outcome): void {
    this.#pending.abort();
    this.#pending = new AbortController();
    this.outcome.value = outcome;
  }

  async #ask(body: PredictRequest, signal: AbortSignal): Promise<Outcome> {
    const reply = await this.#connection.request("/predict", { post: body, signal }).catch(() => undefined);
    if (reply === undefined) {
      return {
        kind: "failed",
        message: "The inference service cannot be reached. Check that it is running, then try again.",
      };
    }
    if (reply.status === 200) return { kind: "recognised", answer: reply.body as PredictResponse };
    if (reply.status === 404 && isNotTrained(reply.body)) return { kind: "not trained", nearest: reply.body.nearest };
    return { kind: "failed", message: errorOf(reply) };
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
    const reply = await this.#connection.request(`/api/models/${encodeURIComponent(id)}`).catch(() => undefined);
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

function isNotTrained(body: unknown): body is NotTrainedResponse {
  return typeof body === "object" && body !== null && "nearest" in body;
}
