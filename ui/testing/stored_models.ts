/** Models that are on disk when a page asks. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import type { ModelRecord, ModelType, ServerMessage, TrainConfig } from "../../protocol/mod.ts";
import type { Lab } from "./lab.ts";

/** Trains by the service, as a program would. Gives the model's id. */
export function trainModel({ trainingUrl }: Lab, config: Partial<TrainConfig>): Promise<string> {
  const socket = new WebSocket(`${trainingUrl.replace("http", "ws")}/ws/train`);
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify(config));
    socket.onmessage = ({ data }) => {
      const message: ServerMessage = JSON.parse(data);
      if (message.type === "result") resolve(message.model_id);
      if (message.type === "error") reject(new Error(message.message));
    };
    socket.onclose = () => reject(new Error("the socket closed before the result"));
  });
}

/** Puts a model that has learnt nothing beside the stored ones, as one would by hand. Not while another is being trained. */
export async function putUntrainedModel(lab: Lab, modelType: ModelType, hiddenLayers: number[]): Promise<ModelRecord> {
  const id = `untrained_${modelType.toLowerCase()}`;
  const record: ModelRecord = {
    id,
    filename: `${id}.pth`,
    timestamp: 1,
    model_type: modelType,
    optimizer: "SGD",
    learning_rate: 0.01,
    batch_size: 32,
    num_epochs: 1,
    hidden_layers_config: hiddenLayers,
    use_dropout: false,
    dropout_p: 0.3,
    accuracy: 10,
    training_time: 0,
  };
  const weights = initialParameters({ modelType, hiddenLayers }, 1);
  await Deno.writeFile(join(lab.modelsDir, record.filename), writePth(weights, id));
  const records = [...await lab.models(), record];
  await Deno.writeTextFile(join(lab.modelsDir, "models_metadata.json"), JSON.stringify(records));
  assert((await lab.models()).some((model) => model.id === id));
  return record;
}
