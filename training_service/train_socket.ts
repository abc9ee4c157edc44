/** `/ws/train`: a config comes in, a run goes out. */
import { ValidationError } from "../protocol/mod.ts";
import { parseConfig } from "./client_message.ts";
import { control } from "./control.ts";
import { Outbox } from "./outbox.ts";
import type { Run, RunListener } from "./run.ts";
import { RefusedError, type Runs } from "./runs.ts";

const NORMAL = 1000;
const POLICY_VIOLATION = 1008;

/** Serves one client of `/ws/train` on `socket`. Its run outlives it. */
export function serveTrainSocket(socket: WebSocket, runs: Runs) {
  const outbox = new Outbox(socket);
  const listener: RunListener = {
    onMessage: (message) => outbox.send(message),
    onEnd: () => outbox.close(NORMAL),
  };
  let run: Run | undefined;

  socket.addEventListener("message", ({ data }) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (run !== undefined) return control(run, data, outbox);
    try {
      run = runs.submit(parseConfig(data), listener);
    } catch (error) {
      refuse(error, outbox);
    }
  });
  socket.addEventListener("close", () => {
    run?.unsubscribe(listener);
    run?.leave();
    outbox.discard();
  });
}

function refuse(error: unknown, outbox: Outbox) {
  if (error instanceof ValidationError) {
    outbox.send({ type: "error", message: error.message, field: error.field || undefined });
    outbox.close(POLICY_VIOLATION, "not a valid configuration");
  } else if (error instanceof RefusedError) {
    outbox.send({ type: "error", message: error.message });
    outbox.close(NORMAL);
  } else {
    throw error;
  }
}
