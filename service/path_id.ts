import type { Context } from "hono";
import * as v from "valibot";
import { modelId, runId, validate } from "../protocol/mod.ts";

const SCHEMAS = { model: v.object({ id: modelId }), run: v.object({ id: runId }) };

/**
 * The `{id}` of a request's path. Whether there is such a model or run is for the caller to say.
 *
 * @throws {ValidationError} for a text that can be no id
 */
export function pathId(c: Context, what: keyof typeof SCHEMAS): string {
  return validate(SCHEMAS[what], { id: c.req.param("id") }, "the path").id;
}
