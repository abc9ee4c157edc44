/** The stored models as both services offer them: records, and files to download. */
import type { Context, Hono } from "hono";
import { writeSafetensors } from "../core/checkpoint/safetensors.ts";
import type { ModelRecord } from "../protocol/mod.ts";
import { type Registry, RegistryError } from "../registry/mod.ts";
import { HttpError } from "./errors.ts";

/** What these routes need of the registry. */
export type ModelFiles = Pick<Registry, "list" | "get" | "readWeights" | "readCheckpoint">;

/**
 * Adds `GET /api/models` (newest first), `GET /api/models/{id}`, `…/model.pth` (the file as it is stored) and
 * `…/model.safetensors` (weights and record in one file). A model that cannot be read is a 409 that says why.
 */
export function addModelRoutes(app: Hono, models: ModelFiles): void {
  app.get("/api/models", async (c) => c.json(await models.list()));
  app.get("/api/models/:id", async (c) => c.json(await find(c)));
  app.get("/api/models/:id/model.pth", async (c) => {
    const record = await find(c);
    return await download(c, record, "pth", () => models.readCheckpoint(record));
  });
  app.get("/api/models/:id/model.safetensors", async (c) => {
    const record = await find(c);
    const write = async () => writeSafetensors(await models.readWeights(record), textsOf(record));
    return await download(c, record, "safetensors", write);
  });

  async function find(c: Context): Promise<ModelRecord> {
    const id = c.req.param("id")!;
    const record = await models.get(id);
    if (record === undefined) throw new HttpError(404, `There is no model "${id}".`);
    return record;
  }
}

/** An id names one training for ever, so it tells a browser whether the file that it has is the present one. */
async function download(
  c: Context,
  { id }: ModelRecord,
  extension: string,
  read: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  const etag = `"${encodeURIComponent(id)}"`;
  const headers = { "ETag": etag, "Cache-Control": "no-cache" };
  if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
  try {
    return c.body(await read(), 200, {
      ...headers,
      "Content-Type": "application/octet-stream",
      // An id out of somebody else's metadata may hold what a header cannot.
      "Content-Disposition": `attachment; filename="${id.replaceAll(/[^\w.-]/g, "_")}.${extension}"`,
    });
  } catch (error) {
    if (error instanceof RegistryError) throw new HttpError(409, error.message);
    throw error;
  }
}

/** The fields of a record as the texts that safetensors takes: texts as they are, the others as JSON. */
function textsOf(record: ModelRecord): Record<string, string> {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([field, value]) => [field, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
