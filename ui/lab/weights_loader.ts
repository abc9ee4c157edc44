import type { LabConnection } from "./connection.ts";
import { fetchWeights, type Weights } from "./fetch_weights.ts";

/** The weights of stored models. Keeps those of the one that was asked for last. */
export class WeightsLoader {
  #id = "";
  #loading?: Promise<Weights>;

  constructor(private readonly connection: Pick<LabConnection, "download">) {}

  /** Rejects when the model cannot be had; the next call tries anew. */
  load(id: string): Promise<Weights> {
    if (this.#loading !== undefined && this.#id === id) return this.#loading;
    const loading = fetchWeights(this.connection, id);
    this.#id = id;
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }
}
