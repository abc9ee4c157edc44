import { adoptTensors } from "../../core/checkpoint/adopt_tensors.ts";
import { readSafetensors, specFromMetadata } from "../../core/checkpoint/safetensors.ts";
import type { ModelSpec, NamedTensor } from "../../core/nn/model_spec.ts";
import type { LabConnection } from "./connection.ts";

export interface StoredWeights {
  spec: ModelSpec;
  /** In the order of `parameterSpecs`. */
  weights: NamedTensor[];
}

/** The weights of stored models. Keeps those of the one that was asked for last. */
export class WeightsLoader {
  #id = "";
  #loading?: Promise<StoredWeights>;

  constructor(private readonly connection: Pick<LabConnection, "download">) {}

  /** Rejects when the model cannot be had; the next call tries anew. */
  load(id: string): Promise<StoredWeights> {
    if (this.#loading !== undefined && this.#id === id) return this.#loading;
    const loading = this.#download(id);
    this.#id = id;
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }

  async #download(id: string): Promise<StoredWeights> {
    const bytes = await this.connection.download(`/api/models/${encodeURIComponent(id)}/model.safetensors`);
    const { tensors, metadata } = readSafetensors(bytes);
    const spec = specFromMetadata(metadata);
    return { spec, weights: adoptTensors(tensors, spec) };
  }
}
