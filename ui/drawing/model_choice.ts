import { batch, computed, effect, signal, untracked } from "@preact/signals";
import {
  findMatch,
  findNearest,
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  type NearestModel,
  parseFormQuery,
} from "../../protocol/mod.ts";
import type { LabConnection } from "../shared/wire/connection.ts";
import { StoredModels } from "../shared/wire/stored_models.ts";
import { DrawingForm } from "./form.ts";
import type { Outcome } from "./outcome.ts";

/** Which stored model is to answer: the best of those that the fields describe, or one that is named. Knows no DOM. */
export class ModelChoice {
  readonly form = new DrawingForm();
  /** The one model that is tested whatever the fields say, until a field is changed. */
  readonly modelId = signal<string | undefined>(undefined);
  /** The record of `modelId`, once the service has sent it. */
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

  /** Set while the settings are known to fit no stored model. */
  readonly miss = computed((): { nearest: NearestModel | null } | undefined => {
    const records = this.#stored.records.value;
    const params = this.form.params.value;
    if (this.modelId.value !== undefined || records === undefined || params === undefined) return undefined;
    return this.chosen.value === undefined ? { nearest: findNearest(records, params) } : undefined;
  });

  readonly query = computed((): FormQuery => ({ ...this.form.query.value, model_id: this.modelId.value }));
  /** What the address bar shows behind `?`: also the device to predict on, where the address named one. */
  readonly address = computed(() => formatFormQuery({ ...this.query.value, device: this.#device.value }));

  readonly #device = signal<string | undefined>(undefined);
  readonly #stored: StoredModels;
  #isShowing = false;

  constructor(private readonly connection: LabConnection) {
    this.#stored = new StoredModels(connection);
  }

  /** Takes over the address's fields. */
  read(search: string): void {
    const query = parseFormQuery(search);
    this.form.read(query);
    this.modelId.value = query.model_id || undefined;
    this.#device.value = query.device;
  }

  /** From now on `model_id` is forgotten when a field changes; `changed` hears of it. */
  watchFields(changed: () => void): void {
    let seen: string | undefined;
    effect(() => {
      const fields = formatFormQuery(this.form.query.value);
      if (seen !== undefined && fields !== seen && !this.#isShowing) {
        untracked(() => {
          this.forgetNamed();
          changed();
        });
      }
      seen = fields;
    });
  }

  /** Looks which models are stored by now. */
  async refresh(): Promise<void> {
    await this.#stored.refresh();
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

  /** Fills the fields in, which is no change of theirs by the user. */
  showSettings(record: ModelRecord): void {
    this.#isShowing = true;
    this.form.set(record);
    this.#isShowing = false;
  }

  name(record: ModelRecord): void {
    batch(() => {
      this.modelId.value = record.id;
      this.namedModel.value = record;
    });
  }

  forgetNamed(): void {
    this.modelId.value = this.namedModel.value = undefined;
  }

  /**
   * Asks for the record of the model that the address `search` names, and shows its settings where that says nothing about
   * them. Whether there is no such model.
   */
  async describeNamed(search: string): Promise<"gone" | void> {
    const id = this.modelId.value;
    if (id === undefined) return;
    const reply = await this.connection.request(`/api/models/${encodeURIComponent(id)}`).catch(() => undefined);
    if (this.modelId.value !== id) return;
    if (reply?.status === 404) return "gone";
    if (reply?.status !== 200) return;
    this.namedModel.value = reply.body as ModelRecord;
    const { model_id: _, device: __, ...settings } = parseFormQuery(search);
    if (Object.keys(settings).length === 0) this.showSettings(this.namedModel.value);
  }

  /** Shows the model that was stored last, for a visitor who has said nothing yet of which one is to answer. */
  async showNewest(): Promise<void> {
    const before = formatFormQuery(this.query.value);
    const [newest] = await this.listModels() ?? [];
    if (newest === undefined || formatFormQuery(this.query.value) !== before) return;
    this.showSettings(newest);
    // One with a learning rate outside all ranges cannot be found by its settings.
    if (this.form.range.value === undefined) this.name(newest);
  }

  /** Whether the model that the page still names was removed meanwhile, for all that can be known. */
  async isGone(id: string): Promise<boolean> {
    const records = await this.listModels();
    return this.modelId.value === id && records?.some((record) => record.id === id) === false;
  }

  /** What there is to say once the named model is known to be gone. */
  forgetGone(id: string): Outcome {
    this.forgetNamed();
    return { kind: "failed", message: `The model ${id} is not stored any more. The settings decide instead.` };
  }
}
