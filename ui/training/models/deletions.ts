import { computed, signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { describeModel, plural } from "../../shared/text/format.ts";
import { errorOf, type LabConnection, type Reply } from "../../shared/wire/connection.ts";
import type { StoredModels } from "../../shared/wire/stored_models.ts";

/** How long a deletion can be undone, in ms. */
export const UNDO_MS = 8000;

/**
 * Most models whose deletion can be undone: a browser sends only a limited number of requests while the user leaves a
 * page.
 */
export const MOST_WAITING = 25;

/** Requests in flight at once. */
const AT_ONCE = 4;

/** Models that are gone from the page but not yet from the lab. */
export interface Deletion {
  models: readonly ModelRecord[];
}

/**
 * Deletes models in two steps: from the page at once, and from the lab when the time for undoing is over or the user
 * leaves the page. Models that the lab does not delete return to the page with the reason. Knows no DOM.
 */
export class Deletions {
  /** Deletions that can still be undone, oldest first. */
  readonly waiting = signal<readonly Deletion[]>([]);
  /** Why models have returned to the page. */
  readonly failure = signal<string | undefined>(undefined);
  readonly #connection: LabConnection;
  readonly #stored: StoredModels;
  /** Models that the lab has been asked to delete. */
  readonly #sending = signal<ReadonlySet<ModelRecord>>(new Set());
  readonly #timers = new Map<Deletion, () => void>();
  /** Settles when the lab has answered all requests so far. */
  #answered: Promise<unknown> = Promise.resolve();
  #isHeld = false;

  /** The stored models without those that are being deleted; undefined until the service has listed them. */
  readonly remaining = computed(() => {
    const gone = new Set(
      [...this.waiting.value.flatMap(({ models }) => models), ...this.#sending.value].map(({ id }) => id),
    );
    const records = this.#stored.records.value;
    return gone.size === 0 ? records : records?.filter(({ id }) => !gone.has(id));
  });

  constructor(connection: LabConnection, stored: StoredModels) {
    this.#connection = connection;
    this.#stored = stored;
  }

  /** Deletes up to `MOST_WAITING` models. If more would be waiting, earlier deletions can no longer be undone. */
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
    if (!this.#isHeld) this.#startTimer(deletion);
  }

  /** Undoes `deletion`, or the latest one. Returns it unless it was too late. */
  undo(deletion = this.waiting.value.at(-1)): Deletion | undefined {
    if (deletion && this.#take(deletion)) return deletion;
  }

  /** Stops the clock while the user is about to undo. */
  hold(): void {
    this.#isHeld = true;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }

  /** Restarts the clock. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const deletion of this.waiting.value) this.#startTimer(deletion);
  }

  /** Asks the lab for all waiting deletions at once: the page may be gone in a moment. */
  flush(): void {
    for (const deletion of this.waiting.value) void this.#send(deletion, deletion.models.length);
  }

  /** Whether the lab still has models that are gone from the page. */
  get isUnsettled(): boolean {
    return this.waiting.value.length > 0 || this.#sending.value.size > 0;
  }

  /** Ends the time for undoing. Resolves once the lab has deleted the models or refused to. */
  async settle(): Promise<void> {
    for (const deletion of this.waiting.value) void this.#send(deletion);
    await this.#answered;
  }

  /** Forgets the failure. */
  dismiss(): void {
    this.failure.value = undefined;
  }

  #startTimer(deletion: Deletion): void {
    this.#timers.set(deletion, this.#connection.after(UNDO_MS, () => void this.#send(deletion)));
  }

  /** Takes `deletion` from the waiting ones. Returns whether it was among them. */
  #take(deletion: Deletion): boolean {
    if (!this.waiting.value.includes(deletion)) return false;
    this.#timers.get(deletion)?.();
    this.#timers.delete(deletion);
    this.waiting.value = this.waiting.value.filter((each) => each !== deletion);
    // The toast is gone, and no event reports that the pointer has left it.
    if (this.waiting.value.length === 0) this.#isHeld = false;
    return true;
  }

  #send(deletion: Deletion, atOnce = AT_ONCE): Promise<void> {
    const { models } = deletion;
    // Added to one set before leaving the other, so that no row reappears in between.
    this.#sending.value = new Set([...this.#sending.value, ...models]);
    this.#take(deletion);
    const done = this.#deleteAll(models, atOnce);
    this.#answered = Promise.all([this.#answered, done]);
    return done;
  }

  async #deleteAll(models: readonly ModelRecord[], atOnce: number): Promise<void> {
    const left = [...models], kept: { model: ModelRecord; reason: string }[] = [], gone: string[] = [];
    const work = async () => {
      for (let model = left.shift(); model !== undefined; model = left.shift()) {
        const path = `/api/models/${encodeURIComponent(model.id)}`;
        const reply = await this.#connection.remove(path).catch(() => undefined);
        // A model that is missing was deleted elsewhere.
        if (reply?.status === 204 || reply?.status === 404) gone.push(model.id);
        else kept.push({ model, reason: reasonOf(reply) });
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, models.length) }, work));
    this.#stored.forget(gone);
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
