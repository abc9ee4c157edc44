/** A client's word on a run, the same on both sockets. */
import { SOCKET_RATE, ValidationError } from "../../protocol/mod.ts";
import { PLACES } from "../../lab/training/watch_board.ts";
import { parseClientMessage } from "./client_message.ts";
import type { Outbox } from "./outbox.ts";
import type { Run, RunListener } from "../../lab/runs/run.ts";

/** Carries out the message of the client behind `listener`. What cannot be done is told to this client alone; the run goes on. */
export function control(run: Run, data: unknown, outbox: Outbox, listener: RunListener) {
  const refusal = carryOut(run, data, listener);
  // A client that floods and does not read gets no more answers.
  if (refusal !== undefined && !outbox.congested) outbox.send({ type: "log", message: refusal });
}

const POLICY_VIOLATION = 1008;

/** Lets a client go that sends more than anybody would; its run goes on. */
export function refuseFlood(outbox: Outbox) {
  const { messages } = SOCKET_RATE;
  outbox.send({
    type: "log",
    message: `Too many messages: at most ${messages} a second are taken. The socket closes.`,
  });
  outbox.close(POLICY_VIOLATION, "too many messages");
}

function carryOut(run: Run, data: unknown, listener: RunListener): string | undefined {
  try {
    const message = parseClientMessage(data);
    if (message.type === "abort") return run.abort() ? undefined : "Too late to abort: the model is being stored.";
    if (message.type === "watch") return watch(run, message.pixels, listener);
    return run.answer(message.value) ? undefined : "Nothing was asked that overwrite could answer.";
  } catch (error) {
    if (error instanceof ValidationError) return `Message ignored: ${error.message}`;
    throw error;
  }
}

function watch({ watchers }: Run, pixels: string | null, listener: RunListener): string | undefined {
  if (pixels === null) watchers.leave(listener);
  else if (!watchers.watch(listener, Uint8Array.fromBase64(pixels))) {
    return `Message ignored: ${PLACES} drawings of others are watched already, no more can be.`;
  }
}
