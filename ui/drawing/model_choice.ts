import { batch, computed, effect, signal, untracked } from "@preact/signals";
import {
  assumedIn,
  findMatch,
  findNearest,
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  type NearestModel,
  parseFormQuery,
  queryNames,
  unknownInQuery,
} from "../../protocol/mod.ts";
import type { LabRequests } from "../shared/wire/connection.ts";
import { fetchDatasetSize } from "../shared/wire/dataset_size.ts";
import { StoredModels } from "../shared/wire/stored_models.ts";
import { DrawingForm } from "./form.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Chooses the stored model that answers: the best model with the settings of the form, or a model named by its id.
 * Needs no DOM.
 */
export class ModelChoice {
  readonly form = new DrawingForm();
  /** Id of the model that answers whatever the fields say, until a field is changed. */
  readonly modelId = signal<string | undefined>(undefined);
  /** The record of `modelId` once the service has sent it. */
  readonly namedModel = signal<ModelRecord | undefined>(undefined);
  readonly canPredict = computed(() => this.modelId.value !== undefined || this.form.params.value !== undefined);

  /** The stored model that answers, as far as this page knows. */
  readonly chosen = computed((): ModelRecord | undefined => {
    const records = this.#stored.records.value;
    const id = this.modelId.value;
    if (id !== undefined) return records === undefined ? this.namedModel.value : records.find((r) => r.id === id);
    const params = this.form.params.value;
    return records && params && findMatch(records, params);
  });

  /** Set while the page knows that no stored model has these settings. */
  readonly miss = computed((): { nearest: NearestModel | null } | undefined => {
    const records = this.#stored.records.value;
    const params = this.form.params.value;
    if (this.modelId.value !== undefined || records === undefined || params === undefined) return undefined;
    return this.chosen.value === undefined ? { nearest: findNearest(records, params) } : undefined;
  });

  readonly query = computed((): FormQuery => ({ ...this.form.query.value, model_id: this.modelId.value }));
  /**
   * What the address bar shows after `?`: `query`, and the device to predict on and the way back if the address has
   * them.
   */
  readonly address = computed(() =>
    formatFormQuery({ ...this.query.value, device: this.#device.value, back: this.#back.value || undefined })
  );

  /** Query of the training page as it was left, but with this page's settings once the user has changed one. */
  readonly trainingQuery = computed(() => {
    const back = this.#back.value;
    if (back.includes("model_type=")) return back;
    return [formatFormQuery(this.form.query.value), back].filter(Boolean).join("&");
  });

  /**
   * Query of the training page with this page's settings, for another training run; the previous one is no longer
   * shown.
   */
  readonly newTrainingQuery = computed((): FormQuery => {
    const { seed, device } = parseFormQuery(this.#back.value);
    return { ...this.form.query.value, seed, device };
  });

  readonly #connection: LabRequests;
  readonly #device = signal<string | undefined>(undefined);
  /** Query of the training page that led here; without its settings once the user has changed one. */
  readonly #back = signal("");
  readonly #stored: StoredModels;
  /** Whether the page, not the user, is filling in the fields. */
  #isShowing = false;

  constructor(connection: LabRequests) {
    this.#connection = connection;
    this.#stored = new StoredModels(connection);
  }

  /** Fills the form from the address. */
  read(search: string): void {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.form.complain(unknownInQuery(search, []));
    void fetchDatasetSize(this.#connection).then((size) => this.form.datasetSize.value = size);
    this.modelId.value = query.model_id || undefined;
    this.#device.value = query.device;
    this.#back.value = query.back ?? "";
  }

  /** From now on, changing a field drops `model_id`, then calls `changed`. */
  watchFields(changed: () => void): void {
    let seen: string | undefined;
    effect(() => {
      const fields = formatFormQuery(this.form.query.value);
      if (seen !== undefined && fields !== seen && !this.#isShowing) {
        untracked(() => {
          this.forgetNamed();
          this.#back.value = withoutSettings(this.#back.value);
          changed();
        });
      }
      seen = fields;
    });
  }

  /** Updates the list of stored models. */
  async refresh(): Promise<void> {
    await this.#stored.refresh();
  }

  /** All stored models as they are now; undefined while the service cannot be reached. */
  async listModels(): Promise<readonly ModelRecord[] | undefined> {
    await this.#stored.refresh();
    return this.#stored.records.value;
  }

  /** The record of a stored model; undefined if it does not exist. */
  async findRecord(id: string): Promise<ModelRecord | undefined> {
    const among = (records: readonly ModelRecord[] | undefined) => records?.find((record) => record.id === id);
    return among(this.#stored.records.peek()) ?? among(await this.listModels());
  }

  /** Fills the form with the settings of `record`, which does not count as a change by the user. */
  showSettings(record: ModelRecord): void {
    this.#isShowing = true;
    this.form.set(record);
    this.#isShowing = false;
  }

  /** Makes `record` the model that answers, whatever the fields say. */
  name(record: ModelRecord): void {
    batch(() => {
      this.modelId.value = record.id;
      this.namedModel.value = record;
    });
  }

  /** Lets the settings decide again. */
  forgetNamed(): void {
    this.modelId.value = this.namedModel.value = undefined;
  }

  /**
   * Loads the record of the model that `search` names, and shows its settings if `search` has no settings.
   *
   * @returns "gone" if there is no such model
   */
  async describeNamed(search: string): Promise<"gone" | void> {
    const id = this.modelId.value;
    if (id === undefined) return;
    const reply = await this.#connection.request(`/api/models/${encodeURIComponent(id)}`).catch(() => undefined);
    if (this.modelId.value !== id) return;
    if (reply?.status === 404) return "gone";
    if (reply?.status !== 200) return;
    this.namedModel.value = reply.body as ModelRecord;
    const { model_id: _, device: __, ...settings } = parseFormQuery(search);
    if (Object.keys(settings).length === 0) this.showSettings(this.namedModel.value);
  }

  /**
   * Shows the settings of the newest model, unless the user has changed something meanwhile. If some of them are only
   * assumed, names the model, because other models are really known to have them.
   */
  async showNewest(): Promise<void> {
    const before = formatFormQuery(this.query.value);
    const [newest] = await this.listModels() ?? [];
    if (newest === undefined || formatFormQuery(this.query.value) !== before) return;
    this.showSettings(newest);
    if (assumedIn(newest).length > 0) this.name(newest);
  }

  /** Whether the named model `id` was deleted meanwhile, as far as the page can find out. */
  async isGone(id: string): Promise<boolean> {
    const records = await this.listModels();
    return this.modelId.value === id && records?.some((record) => record.id === id) === false;
  }

  /** Lets the settings decide again because the named model is gone; returns what the page says then. */
  forgetGone(id: string): Outcome {
    this.forgetNamed();
    return { kind: "failed", message: `The model ${id} is no longer stored. The settings below decide instead.` };
  }
}

/** Seed and device belong to the training page and stay. */
function withoutSettings(search: string): string {
  const query = new URLSearchParams(search);
  for (const name of queryNames()) if (name !== "seed" && name !== "device") query.delete(name);
  return query.toString();
}
