import { computed, signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { errorOf, type LabConnection, type Reply } from "../../shared/wire/connection.ts";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { describeModel, plural } from "../../shared/text/format.ts";

/** How long a deletion can be undone, in ms. */
export const UNDO_MS = 8000;

/** Models that may wait for their deletion: a browser sends only so many requests for a page that is being left. */
export const MOST_WAITING = 25;

/** Models that are gone from the page, and not yet from the lab. */
export interface Deletion {
  models: readonly ModelRecord[];
}

/** Requests under way at once. */
const AT_ONCE = 4;

/**
 * Removes models in two steps: from the page at once, from the lab when the time for undoing is over or the page is left.
 * What the lab refuses to remove is on the page again, with the reason. Knows no DOM.
 */
export class Deletions {
  /** Those that can still be undone, oldest first. */
  readonly waiting = signal<readonly Deletion[]>([]);
  /** Why models are on the page again. */
  readonly failure = signal<string | undefined>(undefined);
  readonly #sending = signal<ReadonlySet<ModelRecord>>(new Set());
  readonly #timers = new Map<Deletion, () => void>();
  #underWay: Promise<unknown> = Promise.resolve();
  #isHeld = false;

  /** The stored models without those that are being removed; undefined until the service has told. */
  readonly remaining = computed(() => {
    const gone = new Set(
      [...this.waiting.value.flatMap(({ models }) => models), ...this.#sending.value].map((m) => m.id),
    );
    return gone.size === 0 ? this.stored.records.value : this.stored.records.value?.filter(({ id }) => !gone.has(id));
  });

  constructor(private readonly connection: LabConnection, private readonly stored: StoredModels) {}

  /** At most `MOST_WAITING` at once; where more would wait, the time of earlier ones is over. */
  delete(models: readonly ModelRecord[]): void {
    if (models.length === 0 || models.length > MOST_WAITING) return;
    const deletion = { models };
    this.failure.value = undefined;
    let count = models.length;
    for (const earlier of this.waiting.value.toReversed()) {
      count += earlier.models.length;
      if (count > MOST_WAITING) void this.#send(earlier);
    }
    this.waiting.value = [...this.waiting.value, deletion];
    if (!this.#isHeld) this.#wait(deletion);
  }

  /** Puts the models of `deletion` back, or of the latest one. */
  undo(deletion = this.waiting.value.at(-1)): Deletion | undefined {
    if (deletion && this.#take(deletion)) return deletion;
  }

  /** Time stands still, for whoever is about to undo. */
  hold(): void {
    this.#isHeld = true;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }

  /** Time counts anew. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const deletion of this.waiting.value) this.#wait(deletion);
  }

  /** Asks the lab at once for what is still waiting, all together: the page may be gone in a moment. */
  flush(): void {
    for (const deletion of this.waiting.value) void this.#send(deletion, deletion.models.length);
  }

  /** Whether the lab still has models that are gone from the page. */
  get isUnsettled(): boolean {
    return this.waiting.value.length > 0 || this.#sending.value.size > 0;
  }

  /** Ends the time for undoing; resolves once the lab has done, or refused, what was asked of it. */
  async settle(): Promise<void> {
    for (const deletion of this.waiting.value) void this.#send(deletion);
    await this.#underWay;
  }

  dismiss(): void {
    this.failure.value = undefined;
  }

  #wait(deletion: Deletion): void {
    this.#timers.set(deletion, this.connection.after(UNDO_MS, () => void this.#send(deletion)));
  }

  /** Whether `deletion` was still waiting. */
  #take(deletion: Deletion): boolean {
    if (!this.waiting.value.includes(deletion)) return false;
    this.#timers.get(deletion)?.();
    this.#timers.delete(deletion);
    this.waiting.value = this.waiting.value.filter((each) => each !== deletion);
    // What was held is gone from the page, and nobody tells that the pointer left it.
    if (this.waiting.value.length === 0) this.#isHeld = false;
    return true;
  }

  #send(deletion: Deletion, atOnce = AT_ONCE): Promise<void> {
    const { models } = deletion;
    // First among those being sent, then no longer among the waiting: no row comes back in between.
    this.#sending.value = new Set([...this.#sending.value, ...models]);
    this.#take(deletion);
    const done = this.#removeAll(models, atOnce);
    this.#underWay = Promise.all([this.#underWay, done]);
    return done;
  }

  async #removeAll(models: readonly ModelRecord[], atOnce: number): Promise<void> {
    const left = [...models], kept: { model: ModelRecord; reason: string }[] = [], gone: string[] = [];
    const work = async () => {
      for (let model = left.shift(); model !== undefined; model = left.shift()) {
        const reply = await this.connection.remove(`/api/models/${encodeURIComponent(model.id)}`).catch(() =>
          undefined
        );
        // One that is not there any more was removed elsewhere, which is as well.
        if (reply?.status === 204 || reply?.status === 404) gone.push(model.id);
        else kept.push({ model, reason: reasonOf(reply) });
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, models.length) }, work));
    this.stored.forget(gone);
    this.#sending.value = this.#sending.value.difference(new Set(models));
    if (kept.length > 0) this.failure.value = describeFailure(kept);
  }
}

function reasonOf(reply: Reply | undefined): string {
  return reply === undefined ? "The lab could not be reached." : errorOf(reply);
}

function describeFailure(kept: readonly { model: ModelRecord; reason: string }[]): string {
  const [{ model, reason }] = kept;
  return kept.length === 1
    ? `${describeModel(model)} could not be deleted and is in the list again. ${reason}`
    : `${plural(kept.length, "model")} could not be deleted and are in the list again. ${reason}`;
}
