import { resolve } from "node:path";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ValidationError } from "../../protocol/mod.ts";
import { RegistryError } from "../../lab/models/mod.ts";
import { UnavailableError } from "../../lab/queue.ts";
import { log } from "../process/log.ts";
import type { Settings } from "../process/settings.ts";

/**
 * Thrown by a handler; the answer has `status` and the body `{"error": message, ...body}`. The message is for people.
 */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(readonly status: number, message: string, readonly body?: object) {
    super(message);
  }
}

/**
 * Answers errors thrown by handlers: an `HttpError` with its own status, 400 with the field for input that breaks its
 * schema, 503 if the lab is busy or the models folder cannot be used, else 500. Other details go only to the log.
 *
 * @param redactPaths removes what clients may not see from a message
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

/** The field of an error, if any, as part of an answer. */
export function fieldOf({ field }: { field?: string }): { field?: string } {
  return field === undefined || field === "" ? {} : { field };
}

/** The folders whose paths clients do not see. */
export type Folders = Pick<Settings, "modelsDir" | "dataDir">;

/** Replaces the paths of the folders in a text by `MODELS_DIR` and `DATA_DIR`, because clients must not learn them. */
export function pathRedactor({ modelsDir, dataDir }: Folders): (text: string) => string {
  const names = [[modelsDir, "MODELS_DIR"], [dataDir, "DATA_DIR"]].flatMap(([path, name]) => [
    [path, name],
    [resolve(path), name],
  ]);
  // The longer path first, because one folder may be inside the other; whole names only, so that /data is not found in
  // /data2.
  const patterns = names.sort(([a], [b]) => b.length - a.length)
    .map(([path, name]) => [new RegExp(`${RegExp.escape(path)}(?![\\w-])`, "g"), name] as const);
  return (text) => patterns.reduce((redacted, [pattern, name]) => redacted.replaceAll(pattern, name), text);
}
