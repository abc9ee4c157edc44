import type { ModelSpec } from "../../core/models/spec.ts";
import type { ModelConfig } from "../../protocol/mod.ts";

/**
 * What the engine has to know of a configuration or a stored record in order to name and shape every parameter. A new
 * field that changes the network is passed on here.
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
