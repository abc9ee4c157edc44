/** The bundled page of a service and its assets. */
import { extname, join } from "node:path";
import type { Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { quote } from "../protocol/mod.ts";
import { HttpError } from "./errors.ts";
import { serviceUrl } from "./service_url.ts";
import type { Settings } from "./settings.ts";

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** One file name: no separators and no leading dot, so no way out of the folder; not longer than systems take. */
const ASSET_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Adds `GET /` (the page `${uiDir}/${page}.html` with ports and links filled in), `GET /docs` (`docs.html`, the same way) and
 * `GET /assets/<name>`, gzipped where the client takes it. The bundler puts a hash of the content into an asset's name, so
 * browsers may keep it for ever.
 */
export function addPages(app: Hono, settings: Settings, page: "training" | "inference") {
  const servePage = (name: string) => async (c: Context) => {
    const html = await readOptional(join(settings.uiDir, `${name}.html`));
    if (html === undefined) throw new HttpError(503, "The pages are not built yet. Run: deno task build");
    const filled = new TextDecoder().decode(html)
      .replaceAll("{{TRAINING_URL}}", serviceUrl(c.req.raw, settings.trainingPort))
      .replaceAll("{{INFERENCE_URL}}", serviceUrl(c.req.raw, settings.inferencePort))
      .replaceAll("{{TRAINING_PORT}}", String(settings.trainingPort))
      .replaceAll("{{INFERENCE_PORT}}", String(settings.inferencePort));
    return c.html(filled, 200, { "Cache-Control": "no-cache" });
  };
  app.get("/", servePage(page));
  app.get("/docs", servePage("docs"));

  app.get("/assets/:name", async (c) => {
    const name = c.req.param("name");
    const read = (suffix: string) => readOptional(join(settings.uiDir, "assets", name + suffix));
    const isName = ASSET_NAME.test(name);
    const zipped = isName && takesGzip(c) ? await read(".gz") : undefined;
    const bytes = zipped ?? (isName ? await read("") : undefined);
    if (bytes === undefined) throw new HttpError(404, `There is no asset ${quote(name)}.`);
    if (zipped !== undefined) c.header("Content-Encoding", "gzip");
    return c.body(bytes, 200, {
      "Content-Type": CONTENT_TYPES[extname(name)] ?? "application/octet-stream",
      "Cache-Control": "public, max-age=31536000, immutable",
      "Vary": "Accept-Encoding",
    });
  });
}

function takesGzip(c: Context): boolean {
  return accepts(c, { header: "Accept-Encoding", supports: ["gzip"], default: "identity" }) === "gzip";
}

async function readOptional(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) return undefined;
    throw error;
  }
}
