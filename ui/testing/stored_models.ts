/** Stores models before a page asks for them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { initialParameters } from "../../core/models/parameters.ts";
import {
  DEFAULT_CONFIG,
  FINISHED_STATES,
  isDuplicate,
  type ModelRecord,
  type ModelType,
  type ServerMessage,
  type TrainConfig,
} from "../../protocol/mod.ts";
import type { Lab } from "./lab.ts";

const METADATA = "models_metadata.json";

/** Fields of a model that tests do not care about. */
const FIELDS = {
  ...DEFAULT_CONFIG,
  hidden_layers_config: [8],
  accuracy: 90,
  training_time: 1,
} as const satisfies Partial<ModelRecord>;

/** A network that recognises the digits of `drawing_page.ts` after a second of training. */
const READER: TrainConfig = {
  ...DEFAULT_CONFIG,
  num_epochs: 1,
  batch_size: 64,
  hidden_layers_config: [128],
  seed: 1,
};

/** Trains in a third of a second. */
const BRIEF: TrainConfig = { ...READER, batch_size: 2048, hidden_layers_config: [3] };

/** Trains through the service, as a program would. Returns the model's id. */
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

/** The id of a model that recognises digits. Trains one if `lab` has none like it. */
export async function readerModel(lab: Lab, config: Partial<TrainConfig> = {}): Promise<string> {
  const wanted = { ...READER, ...config };
  const stored = (await lab.models()).find((record) => isDuplicate(record, wanted));
  return stored?.id ?? await trainModel(lab, wanted);
}

/** Adds an untrained model, as a user might by hand. Do not call while another model trains. */
export async function putUntrainedModel(lab: Lab, modelType: ModelType, hiddenLayers: number[]): Promise<ModelRecord> {
  const id = `untrained_${modelType.toLowerCase()}`;
  const record: ModelRecord = {
    ...FIELDS,
    id,
    filename: `${id}.pth`,
    timestamp: 1,
    model_type: modelType,
    optimizer: "SGD",
    learning_rate: 0.01,
    batch_size: 32,
    num_epochs: 1,
    hidden_layers_config: hiddenLayers,
    accuracy: 10,
    training_time: 0,
  };
  await writeUntrained(lab, record);
  await writeMetadata(lab, [...await lab.models(), record]);
  return record;
}

/**
 * Replaces all models by untrained ones with the given fields, as another program would. Do not call while a model
 * trains.
 */
export async function putModels(lab: Lab, fields: readonly Partial<ModelRecord>[]): Promise<ModelRecord[]> {
  const records = fields.map((given, i): ModelRecord => ({
    ...FIELDS,
    id: `put_${i}`,
    filename: `put_${i}.pth`,
    timestamp: 1_700_000_000 + i,
    ...given,
  }));
  for (const record of records) await writeUntrained(lab, record);
  await writeMetadata(lab, records);
  return records;
}

/** Aborts all runs and deletes all models, so that the pages look as in a fresh lab. */
export async function emptyLab(lab: Lab): Promise<void> {
  for (const { id, state } of await lab.runs()) {
    if (!FINISHED_STATES.includes(state)) await abortRun(lab, id);
  }
  // The training page offers to continue the last run, so the last run has to be finished.
  if ((await lab.runs())[0]?.resume !== undefined) await trainModel(lab, BRIEF);
  for (const { id } of await lab.models()) {
    const { status } = await fetch(`${lab.trainingUrl}/api/models/${id}`, { method: "DELETE" });
    assert.equal(status, 204, `model ${id} could not be deleted`);
  }
}

function abortRun({ trainingUrl }: Lab, id: string): Promise<void> {
  const socket = new WebSocket(`${trainingUrl.replace("http", "ws")}/ws/runs/${id}`);
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ type: "abort" }));
    socket.onclose = () => resolve();
    socket.onerror = () => reject(new Error(`run ${id} could not be aborted`));
  });
}

async function writeUntrained({ modelsDir }: Lab, record: ModelRecord): Promise<void> {
  const { id, filename, model_type: modelType, hidden_layers_config: hiddenLayers } = record;
  await Deno.writeFile(join(modelsDir, filename), writePth(initialParameters({ modelType, hiddenLayers }, 1), id));
}

/** Writes the metadata and returns once the lab has noticed. */
async function writeMetadata(lab: Lab, records: readonly ModelRecord[]): Promise<void> {
  await Deno.writeTextFile(join(lab.modelsDir, METADATA), JSON.stringify(records));
  const ids = (models: readonly ModelRecord[]) => models.map(({ id }) => id).sort();
  assert.deepEqual(ids(await lab.models()), ids(records));
}
