import type { ModelSpec } from "../../core/models/spec.ts";
import type { ModelConfig } from "../../protocol/mod.ts";

/**
 * The spec of a configuration or a stored record: what the engine needs to name and shape every parameter. Pass a new
 * field that changes the network on here.
 */
export function specOf(
  config: Pick<ModelConfig, "model_type" | "hidden_layers_config" | "use_dropout" | "dropout_p">,
): ModelSpec {
  return {
    modelType: config.model_type,
    hiddenLayers: config.hidden_layers_config,
    dropout: config.use_dropout ? config.dropout_p : undefined,
  };
}
