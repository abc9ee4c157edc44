/** Answers that end a request early. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RegistryError } from "../registry/mod.ts";
import { log } from "./log.ts";

/** Thrown by a handler: answered with `status` and `{"error": message, ...body}`. The message is for people. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(readonly status: number, message: string, readonly body?: object) {
    super(message);
  }
}

/**
 * The answer to whatever a handler threw: 503 when the models folder cannot be used, until somebody mends it. What the
 * client may not know goes to the log only.
 */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof HttpError) {
    return c.json({ error: error.message, ...error.body }, error.status as ContentfulStatusCode);
  }
  if (error instanceof RegistryError) return c.json({ error: error.message }, 503);
  log.error("request failed", { method: c.req.method, path: c.req.path }, error);
  return c.json({ error: "internal error" }, 500);
}
