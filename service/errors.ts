/** Answers that end a request early. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ValidationError } from "../protocol/mod.ts";
import { RegistryError } from "../lab/models/mod.ts";
import { UnavailableError } from "../lab/queue.ts";
import { log } from "./log.ts";

/** Thrown by a handler: answered with `status` and `{"error": message, ...body}`. The message is for people. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(readonly status: number, message: string, readonly body?: object) {
    super(message);
  }
}

/**
 * Answers whatever a handler threw: 400 with the field for input that breaks its schema, 503 when the lab takes
 * on no more, or the models folder cannot be used until somebody mends it. What the client may not know goes to the log only.
 *
 * @param redactPaths takes out of a message what is the machine's own business
 */
export function answerErrors(redactPaths: (text: string) => string): (error: Error, c: Context) => Response {
  return (error, c) => {
    if (error instanceof HttpError) {
      return c.json({ error: redactPaths(error.message), ...error.body }, error.status as ContentfulStatusCode);
    }
    if (error instanceof ValidationError) return c.json({ error: error.message, ...fieldOf(error) }, 400);
    if (error instanceof UnavailableError) return c.json({ error: error.message }, 503);
    if (error instanceof RegistryError) return c.json({ error: redactPaths(error.message) }, 503);
    log.error("request failed", { method: c.req.method, path: c.req.path }, error);
    return c.json({ error: "internal error" }, 500);
  };
}

/** Names the field at fault, where the message is about one. */
export function fieldOf({ field }: { field?: string }): { field?: string } {
  return field === undefined || field === "" ? {} : { field };
}
