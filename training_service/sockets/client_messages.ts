/** Reads, limits and carries out what clients send on the sockets. */
import {
  type ClientMessage,
  ClientMessageSchema,
  MAX_MESSAGE_BYTES,
  parseJson,
  quote,
  type ResumeRequest,
  ResumeRequestSchema,
  SOCKET_BURST,
  SOCKET_RATE,
  type TrainConfig,
  TrainConfigSchema,
  trainFields,
  validate,
  ValidationError,
} from "../../protocol/mod.ts";
import { LIVE_PADS } from "../../lab/training/live_pad.ts";
import { log } from "../../service/process/log.ts";
import type { Outbox } from "./outbox.ts";
import type { Run, RunListener } from "../../lab/runs/run.ts";

const POLICY_VIOLATION = 1008;

/**
 * Reads the first message on `/ws/train`.
 *
 * @throws {ValidationError} naming the field at fault, or no field if the message as a whole is not a configuration
 */
export function parseRequest(data: unknown): TrainConfig | ResumeRequest {
  const value = withoutNulls(parseText(data, "The first message"));
  const has = (field: string) => typeof value === "object" && value !== null && field in value;
  if (has("resume")) return validate(ResumeRequestSchema, value, "The request");
  if (has("type") && !has("model_type")) {
    const { type } = value as { type: unknown };
    if (type === "abort") throw new ValidationError("There is nothing to abort yet: no configuration was sent.", "");
    throw new ValidationError(`The first message must be a configuration, not of type ${quote(type)}.`, "");
  }
  return validate(TrainConfigSchema, value, "The configuration");
}

/** Removes the fields that a first message gives as null; null means "left out" in every kind of request. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const known = ["resume", ...trainFields()];
  return Object.fromEntries(Object.entries(value).filter(([field, entry]) => entry !== null || !known.includes(field)));
}

/**
 * Reads a message during a run.
 *
 * @throws {ValidationError} saying what is wrong with it
 */
export function parseClientMessage(data: unknown): ClientMessage {
  return validate(ClientMessageSchema, parseText(data, "The message"), "The message");
}

function parseText(data: unknown, what: string): unknown {
  if (typeof data !== "string") throw new ValidationError(`${what} must be JSON text, not binary.`, "");
  if (utf8Bytes(data) > MAX_MESSAGE_BYTES) {
    throw new ValidationError(`${what} is longer than ${MAX_MESSAGE_BYTES / 1024} KiB.`, "");
  }
  return parseJson(data, what);
}

/** Text with more UTF-16 units than the limit also has more bytes, so nothing huge is encoded. */
function utf8Bytes(text: string): number {
  return text.length > MAX_MESSAGE_BYTES ? text.length : new TextEncoder().encode(text).length;
}

/** How much one socket may still send: a bucket that refills over time. */
export class MessageBudget {
  #messages = SOCKET_BURST.messages;
  #bytes = SOCKET_BURST.bytes;
  readonly #now: () => number;
  #filledAt: number;

  /** @param now milliseconds; another clock in tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#filledAt = now();
  }

  /** Whether a message that just arrived is within its socket's budget. */
  take(data: unknown): boolean {
    const now = this.#now();
    const seconds = (now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#messages = Math.min(SOCKET_BURST.messages, this.#messages + SOCKET_RATE.messages * seconds) - 1;
    this.#bytes = Math.min(SOCKET_BURST.bytes, this.#bytes + SOCKET_RATE.bytes * seconds) - sizeOf(data);
    return this.#messages >= 0 && this.#bytes >= 0;
  }
}

/** Bytes or, for text, UTF-16 units: about the memory it takes. */
function sizeOf(data: unknown): number {
  if (typeof data === "string") return data.length;
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}

/**
 * Carries out a message from the client of `listener`. If that is impossible, only this client is told, and the run
 * continues.
 */
export function carryOut(run: Run, data: unknown, outbox: Outbox, listener: RunListener) {
  const refusal = obey(run, data, listener);
  // A client that floods and does not read gets no more answers.
  if (refusal !== undefined && !outbox.congested) outbox.send({ type: "log", message: refusal });
}

/** Disconnects a flooding client; its run continues. */
export function refuseFlood(outbox: Outbox) {
  const { messages } = SOCKET_RATE;
  outbox.send({
    type: "log",
    message: `Too many messages: at most ${messages} a second are taken. The socket closes.`,
  });
  outbox.close(POLICY_VIOLATION, "too many messages");
}

function obey(run: Run, data: unknown, listener: RunListener): string | undefined {
  try {
    const message = parseClientMessage(data);
    if (message.type === "abort") {
      const { client = "unknown" } = listener;
      const isFirst = !run.signal.aborted;
      if (!run.abortBy(client)) return "Too late to abort: the model is being stored.";
      if (isFirst) log.info("run is aborted by a client", { run: run.id, from: client });
      return undefined;
    }
    if (message.type === "watch") return showLivePad(run, message.pixels, listener);
    return run.answer(message.value) ? undefined : "Nothing was asked that overwrite could answer.";
  } catch (error) {
    if (error instanceof ValidationError) return `Message ignored: ${error.message}`;
    throw error;
  }
}

function showLivePad({ livePads }: Run, pixels: string | null, listener: RunListener): string | undefined {
  if (pixels === null) livePads.remove(listener);
  else if (!livePads.put(listener, Uint8Array.fromBase64(pixels))) {
    return `Message ignored: ${LIVE_PADS} live pads of others are open already, no more can be.`;
  }
}
