import { adoptTensors } from "../../../core/formats/adopt_tensors.ts";
import { readSafetensors, specFromMetadata } from "../../../core/formats/safetensors.ts";
import type { ModelSpec, NamedTensor } from "../../../core/models/spec.ts";
import type { LabConnection } from "./connection.ts";

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
