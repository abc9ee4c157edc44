import type { LabConnection } from "./connection.ts";
import { fetchWeights, type Weights } from "./fetch_weights.ts";

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
