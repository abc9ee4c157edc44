/** The lab's stored models as a page knows them: their records, and the weights of those in use. */
import { effect, signal } from "@preact/signals";
import { adoptTensors, specFromMetadata } from "../../../core/formats/recognise/known_model.ts";
import { readSafetensors } from "../../../core/formats/safetensors.ts";
import type { ModelSpec, NamedTensor } from "../../../core/models/spec.ts";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { LabRequests } from "./connection.ts";

/** The records of the stored models. */
export class StoredModels {
  /** As the service last listed them, newest first; undefined until it has. */
  readonly records = signal<readonly ModelRecord[] | undefined>(undefined);
  readonly #connection: LabRequests;
  /** Number of the latest request. */
  #requested = 0;
  /** Number of the latest request that was answered. */
  #answered = 0;
  /** Ids of deleted models, each with the number of the last request that may still list it. */
  readonly #deleted = new Map<string, number>();

  constructor(connection: LabRequests) {
    this.#connection = connection;
  }

  /** Asks the service for its list. If it does not answer, the last list stays. */
  async refresh(): Promise<void> {
    const number = ++this.#requested;
    const reply = await this.#connection.request("/api/models").catch(() => undefined);
    if (reply?.status !== 200 || number < this.#answered) return;
    this.#answered = number;
    const records = reply.body as ModelRecord[];
    this.records.value = records.filter(({ id }) => number > (this.#deleted.get(id) ?? 0));
  }

  /** Removes deleted models from the list, and from the answers to requests made before the deletion. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#deleted.set(id, this.#requested);
    this.records.value = this.records.value?.filter(({ id }) => !ids.includes(id));
  }
}

/** The spec and weights of a stored model. */
export interface Weights {
  spec: ModelSpec;
  /** In the order of `parameterSpecs`. */
  weights: readonly NamedTensor[];
}

/** Downloads the weights of the stored model `id`. Rejects if they are unavailable or do not fit their spec. */
export async function fetchWeights(connection: Pick<LabRequests, "download">, id: string): Promise<Weights> {
  const bytes = await connection.download(`/api/models/${encodeURIComponent(id)}/model.safetensors`);
  const { tensors, metadata } = readSafetensors(bytes);
  const spec = specFromMetadata(metadata);
  return { spec, weights: adoptTensors(tensors, spec) };
}

/** Number of models whose weights stay in memory: the one in use and the previous one. */
const MOST_KEPT = 2;

/** The weights of stored models, downloaded when they are first needed. The most recently used ones are kept. */
export class StoredWeights {
  readonly #connection: Pick<LabRequests, "download">;
  /** By version, the most recently used one last. */
  readonly #fetched = new Map<string, Promise<Weights>>();

  constructor(connection: Pick<LabRequests, "download">) {
    this.#connection = connection;
  }

  /**
   * The weights of the model `id`; another `version` of it is downloaded again. Rejects if they are unavailable; the
   * next call tries again.
   */
  get(id: string, version = id): Promise<Weights> {
    const weights = this.#fetched.get(version) ?? fetchWeights(this.#connection, id);
    this.#fetched.delete(version);
    this.#fetched.set(version, weights);
    weights.catch(() => {
      if (this.#fetched.get(version) === weights) this.#fetched.delete(version);
    });
    for (const oldest of this.#fetched.keys()) {
      if (this.#fetched.size <= MOST_KEPT) break;
      this.#fetched.delete(oldest);
    }
    return weights;
  }
}

/**
 * Calls back whenever the user returns to the page, from another window or tab, or by Back to the page as it was left.
 */
export function whenBack(callback: () => void): void {
  addEventListener("focus", callback);
  document.addEventListener("visibilitychange", () => document.hidden || callback());
}

/**
 * Calls back when the user returns and when another tab reports that the list of models has changed; reports changes to
 * other tabs, too.
 */
export function followChanges(callback: () => void, stored: StoredModels): void {
  whenBack(callback);
  const channel = new BroadcastChannel("stored-models");
  channel.onmessage = callback;
  let known: string | undefined;
  effect(() => {
    const ids = stored.records.value?.map(({ id }) => id).join();
    if (ids !== known) channel.postMessage("changed");
    known = ids;
  });
}
