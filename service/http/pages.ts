import { basename, join } from "node:path";
import type { Context, Hono } from "hono";
import { serveStatic } from "hono/serve-static";
import { quote } from "../../protocol/mod.ts";
import { publicUrl, serviceUrl } from "../process/addresses.ts";
import type { ServiceName } from "../process/launch.ts";
import type { Settings } from "../process/settings.ts";
import { HttpError } from "./errors.ts";

/** One file name: no separators, no leading dot, not longer than file systems take. */
const ASSET_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Adds `GET /` (the page `${uiDir}/${page}.html` with addresses filled in), `GET /docs` (`docs.html`, likewise)
 * and `GET /assets/<name>`, gzipped for clients that accept it. The bundler puts a hash of the content into an asset's
 * name, so browsers may keep it for ever.
 */
export function addPages(app: Hono, settings: Settings, page: ServiceName) {
  const servePage = (name: string) => async (c: Context) => {
    const html = await readOptional(join(settings.uiDir, `${name}.html`));
    if (html === undefined) throw new HttpError(503, "The pages are not built yet. Run: deno task build");
    const filled = new TextDecoder().decode(html)
      .replaceAll("{{TRAINING_URL}}", serviceUrl(c.req.raw, settings, "training"))
      .replaceAll("{{INFERENCE_URL}}", serviceUrl(c.req.raw, settings, "inference"))
      // A page knows its own scheme and host better than a service behind a proxy.
      .replaceAll("{{TRAINING_PAGE}}", publicUrl(settings, "training") ?? String(settings.trainingPort))
      .replaceAll("{{INFERENCE_PAGE}}", publicUrl(settings, "inference") ?? String(settings.inferencePort));
    return c.html(filled, 200, { "Cache-Control": "no-cache" });
  };
  app.get("/", servePage(page));
  app.get("/docs", servePage("docs"));

  app.get(
    "/assets/:name",
    serveStatic({
      root: settings.uiDir,
      join,
      precompressed: true,
      getContent: async (path) => ASSET_NAME.test(basename(path)) && await readOptional(path) || null,
      onFound(_path, c) {
        c.header("Cache-Control", "public, max-age=31536000, immutable");
        c.header("Vary", "Accept-Encoding");
      },
      onNotFound(_path, c) {
        throw new HttpError(404, `There is no asset ${quote(c.req.param("name")!)}.`);
      },
    }),
  );
}

async function readOptional(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) return undefined;
    throw error;
  }
}
