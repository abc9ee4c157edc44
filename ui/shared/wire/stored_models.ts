import { signal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { LabConnection } from "./connection.ts";
import { adoptTensors } from "../../../core/formats/adopt_tensors.ts";
import { readSafetensors, specFromMetadata } from "../../../core/formats/safetensors.ts";
import type { ModelSpec, NamedTensor } from "../../../core/models/spec.ts";

/** The stored models as this page last saw them; undefined until the service has told. */
export class StoredModels {
  readonly records = signal<readonly ModelRecord[] | undefined>(undefined);
  #asked = 0;
  #heard = 0;
  /** Models known to be gone, each with the last request that may not know it yet. */
  readonly #gone = new Map<string, number>();

  constructor(private readonly connection: LabConnection) {}

  /** Asks anew. While the service does not answer, what was known stays. */
  async refresh(): Promise<void> {
    const number = ++this.#asked;
    const reply = await this.connection.request("/api/models").catch(() => undefined);
    if (reply?.status !== 200 || number < this.#heard) return;
    this.#heard = number;
    const records = reply.body as ModelRecord[];
    this.records.value = records.filter(({ id }) => number > (this.#gone.get(id) ?? 0));
  }

  /** Leaves out models that are known to be gone, also from what was asked before and does not know it yet. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#gone.set(id, this.#asked);
    this.records.value = this.records.value?.filter(({ id }) => !ids.includes(id));
  }
}

/** What is kept once it was fetched: the model in use, and the one before. */
const KEPT = 2;

/** The weights of stored models, fetched from the service; those used last are kept, so that nothing is fetched twice. */
export class StoredWeights {
  /** By version, the one used last at the end. */
  readonly #fetched = new Map<string, Promise<Weights>>();

  constructor(private readonly connection: Pick<LabConnection, "download">) {}

  /**
   * Weights of the model `id`; another `version` of it is fetched anew. Rejects when they cannot be had; the next call
   * tries again.
   */
  get(id: string, version = id): Promise<Weights> {
    const weights = this.#fetched.get(version) ?? fetchWeights(this.connection, id);
    this.#fetched.delete(version);
    this.#fetched.set(version, weights);
    weights.catch(() => {
      if (this.#fetched.get(version) === weights) this.#fetched.delete(version);
    });
    for (const oldest of this.#fetched.keys()) {
      if (this.#fetched.size <= KEPT) break;
      this.#fetched.delete(oldest);
    }
    return weights;
  }
}

export interface Weights {
  spec: ModelSpec;
  /** In the order of `parameterSpecs`. */
  weights: readonly NamedTensor[];
}

/** The weights of the stored model `id`, from the service. */
export async function fetchWeights(connection: Pick<LabConnection, "download">, id: string): Promise<Weights> {
  const bytes = await connection.download(`/api/models/${encodeURIComponent(id)}/model.safetensors`);
  const { tensors, metadata } = readSafetensors(bytes);
  const spec = specFromMetadata(metadata);
  return { spec, weights: adoptTensors(tensors, spec) };
}
