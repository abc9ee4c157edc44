import { type ModelRecord, recordVersion } from "../../protocol/mod.ts";
import type { LabConnection } from "../lab/connection.ts";
import { fetchWeights, type Weights } from "../lab/fetch_weights.ts";

/** What is kept once it was fetched: the model in use, and the one before. */
const KEPT = 2;

/** The weights of stored models, fetched from the service; those used last are kept, so that nothing is fetched twice. */
export class StoredWeights {
  /** By version of the record, the one used last at the end. */
  readonly #fetched = new Map<string, Promise<Weights>>();

  constructor(private readonly connection: Pick<LabConnection, "download">) {}

  get(record: ModelRecord): Promise<Weights> {
    const version = recordVersion(record);
    const weights = this.#fetched.get(version) ?? fetchWeights(this.connection, record.id);
    this.#fetched.delete(version);
    this.#fetched.set(version, weights);
    weights.catch(() => this.#fetched.delete(version));
    for (const oldest of this.#fetched.keys()) {
      if (this.#fetched.size <= KEPT) break;
      this.#fetched.delete(oldest);
    }
    return weights;
  }
}
