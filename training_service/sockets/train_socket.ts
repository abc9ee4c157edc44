/** `/ws/train`: receives a configuration, or the id of a run to resume, and reports on the run. */
import { ValidationError } from "../../protocol/mod.ts";
import type { ServerSocket } from "../../service/http/server/server_socket.ts";
import { log } from "../../service/process/log.ts";
import { carryOut, MessageBudget, parseRequest, refuseFlood } from "./client_messages.ts";
import { Outbox } from "./outbox.ts";
import type { Run, RunListener } from "../../lab/runs/run.ts";
import { RefusedError, type Runs } from "../../lab/runs/runs.ts";

const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/** Serves one client, whose address is `client`. Its run outlives it. */
export function serveTrainSocket(socket: ServerSocket, runs: Runs, client: string) {
  const budget = new MessageBudget();
  const outbox = new Outbox(socket, { onGiveUp: () => leave() });
  const listener: RunListener = {
    client,
    onMessage: (message) => outbox.send(message),
    onEnd: () => outbox.close(NORMAL),
  };
  let run: Run | undefined;
  const leave = () => {
    run?.unsubscribe(listener);
    run?.leave();
  };

  const receive = async (data: unknown) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (run !== undefined) return carryOut(run, data, outbox, listener);
    try {
      const request = parseRequest(data);
      await runs.check(request);
      run = runs.submit(request, listener, client);
      // The client may have disconnected while its request was checked.
      if (socket.readyState !== WebSocket.OPEN) run.leave();
    } catch (error) {
      refuse(error, outbox);
    }
  };
  /** Messages wait while the first one is checked. */
  let received = Promise.resolve();
  socket.addEventListener("message", (event) => {
    const { data } = event as MessageEvent;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!budget.take(data)) return refuseFlood(outbox);
    received = received.then(() => receive(data));
  });
  socket.addEventListener("close", () => {
    leave();
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
    log.error("a first message could not be answered", {}, error);
    outbox.send({ type: "error", message: "The lab could not take this on because of an internal error." });
    outbox.close(INTERNAL_ERROR);
  }
}
