import { DEFAULT_CONFIG, type RunSnapshot } from "../../protocol/mod.ts";

/** The snapshot of a run that was aborted at step 7, written at `saved`. */
export function runSnapshot(id: string, saved: number): RunSnapshot {
  return {
    saved,
    history: {
      type: "history",
      run: {
        id,
        state: "aborted",
        config: {
          ...DEFAULT_CONFIG,
          model_type: "SimpleNN",
          optimizer: "Adam",
          learning_rate: 0.001,
          num_epochs: 2,
          batch_size: 64,
          hidden_layers_config: [4],
          seed: 1,
        },
        created: 1,
        step: 7,
        total_steps: 20,
      },
      losses: [[1, 2.25], [7, null]],
      logs: [{ type: "log", message: 'Ä \u2028 "' }],
    },
    device: "wasm",
    step: 7,
    epochs_done: 0,
    loss_sum: 0.1 + 0.2,
    seconds: 1.5,
  };
}
