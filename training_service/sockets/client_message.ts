/** What clients send, from text to meaning. */
import {
  type ClientMessage,
  ClientMessageSchema,
  MAX_MESSAGE_BYTES,
  parseJson,
  quote,
  type ResumeRequest,
  ResumeRequestSchema,
  type TrainConfig,
  TrainConfigSchema,
  validate,
  ValidationError,
} from "../../protocol/mod.ts";

/**
 * Reads the first message on `/ws/train`.
 *
 * @throws {ValidationError} naming the field at fault, or nothing when the message as a whole is no configuration
 */
export function parseRequest(data: unknown): TrainConfig | ResumeRequest {
  const value = parseText(data, "The first message");
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof value === "object" && value !== null && "resume" in value && value.resume !== null) {
    return validate(ResumeRequestSchema, value, "The request");
  }
  if (type === "abort") throw new ValidationError("There is nothing to abort yet: no configuration was sent.", "");
  if (type !== undefined && !("model_type" in (value as object))) {
    throw new ValidationError(`The first message must be a configuration, not of type ${quote(type)}.`, "");
  }
  return validate(TrainConfigSchema, value, "The configuration");
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

/** Text of more UTF-16 units than the limit has more bytes too, so nothing huge is encoded. */
function utf8Bytes(text: string): number {
  return text.length > MAX_MESSAGE_BYTES ? text.length : new TextEncoder().encode(text).length;
}
