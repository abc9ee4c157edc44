/** Writes the events of a run to the lab's log. */
import type { ServerMessage } from "../../protocol/mod.ts";
import type { Log } from "../host.ts";
import type { Run, RunListener } from "./run.ts";

/** Logs each step in the life of `run`: its epochs at `debug`, its losses not at all. */
export function logRun(run: Run, log: Log): RunListener {
  const listener = {
    onMessage: (message: ServerMessage) => tell(run, message, log),
    // The only outcome without a message.
    onEnd: () => run.state === "kept" && log.info("run kept the existing model", { run: run.id }),
  };
  run.subscribe(listener);
  return listener;
}

function tell({ id: run, config }: Run, message: ServerMessage, log: Log) {
  switch (message.type) {
    case "accepted": {
      const { model_type, hidden_layers_config, optimizer, num_epochs, batch_size } = config;
      const layers = hidden_layers_config.join("-");
      return log.info("run accepted", { run, model_type, layers, optimizer, num_epochs, batch_size });
    }
    case "exists":
      return log.info("run asks whether to overwrite", { run, model: message.existing.id });
    case "log":
      return log.debug("run", { run, said: message.message });
    case "result":
      return log.info("run stored its model", {
        run,
        model: message.model_id,
        accuracy: message.accuracy,
        seconds: message.training_time,
        device: message.device,
      });
    case "aborted":
      return log.info("run aborted", { run, reason: message.message, resumable: message.resume !== undefined });
    case "error":
      return log.warn("run failed", { run, reason: message.message, resumable: message.resume !== undefined });
  }
}
