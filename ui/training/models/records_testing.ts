/** Records of stored models for tests. */
import { DEFAULT_CONFIG, type ModelRecord, OPTIMIZERS } from "../../../protocol/mod.ts";

/** The record of a small `SimpleNN`, with some fields replaced by `fields`. */
export function modelRecord(fields: Partial<ModelRecord> & { id: string }): ModelRecord {
  return {
    filename: `${fields.id}.pth`,
    timestamp: 1,
    ...DEFAULT_CONFIG,
    model_type: "SimpleNN",
    optimizer: "Adam",
    learning_rate: 0.001,
    batch_size: 64,
    num_epochs: 5,
    hidden_layers_config: [128],
    accuracy: 95,
    training_time: 3,
    ...fields,
  };
}

/** `count` various records, newest first as the service lists them. */
export function manyRecords(count: number): ModelRecord[] {
  return Array.from({ length: count }, (_, i) =>
    modelRecord({
      id: `model_${i}`,
      timestamp: count - i,
      model_type: i % 4 === 0 ? "ConvNN" : "SimpleNN",
      optimizer: OPTIMIZERS[i % 3],
      learning_rate: 1e-5 * (1 + i * 7 % 100),
      hidden_layers_config: [[128], [128, 64], [], [512, 16]][i % 4],
      accuracy: 80 + (i * 37 % 2000) / 100,
    }));
}
