/** Runs over HTTP. */
import type { Context, Hono } from "hono";
import { type HistoryMessage, quote } from "../protocol/mod.ts";
import { RegistryError } from "../lab/models/mod.ts";
import { HttpError } from "../service/http/errors.ts";
import { clientAddress, pathId } from "../service/http/request.ts";
import { curveSvg, historyCsv } from "../lab/runs/history_exports.ts";
import type { RunArchive } from "../lab/runs/run_archive.ts";
import type { Runs } from "../lab/runs/runs.ts";

/** Runs of this process, and of earlier ones. */
export interface KnownRuns {
  runs: Pick<Runs, "list" | "get">;
  archive: Pick<RunArchive, "list" | "find">;
}

/**
 * Adds `GET /api/runs` (newest first, including those from before a restart), `/api/runs/{id}` (its history), and the
 * history as files: `…/history.csv` and `…/curve.svg`. The curve used to be a PNG, whose address redirects there.
 */
export function addRunRoutes(app: Hono, { runs, archive }: KnownRuns): void {
  app.get("/api/runs", async (c) => {
    const present = runs.list(clientAddress(c));
    const ids = new Set(present.map(({ id }) => id));
    // Unreadable metadata hides earlier runs, but not those of this process.
    const past = await archive.list().catch((error) => {
      if (error instanceof RegistryError) return [];
      throw error;
    });
    return c.json([...present, ...past.filter(({ id }) => !ids.has(id))]);
  });
  app.get("/api/runs/:id", async (c) => c.json(await find(c)));
  app.get("/api/runs/:id/history.csv", async (c) => {
    const history = await find(c);
    return file(c, historyCsv(history), "text/csv; charset=utf-8", `${history.run.id}.csv`);
  });
  app.get("/api/runs/:id/curve.svg", async (c) => {
    const history = await find(c);
    return file(c, curveSvg(history), "image/svg+xml", `${history.run.id}.svg`, "inline");
  });
  app.get("/api/runs/:id/curve.png", (c) => c.redirect("curve.svg", 308));

  async function find(c: Context): Promise<HistoryMessage> {
    const id = pathId(c, "run");
    const history = runs.get(id)?.history ?? await archive.find(id);
    if (history === undefined) throw new HttpError(404, `There is no run ${quote(id)}.`);
    return history;
  }
}

function file(
  c: Context,
  body: string,
  type: string,
  name: string,
  disposition = "attachment",
): Response {
  return c.body(body, 200, {
    "Content-Type": type,
    "Cache-Control": "no-cache",
    // An id from another program's file may contain characters that a header cannot.
    "Content-Disposition": `${disposition}; filename="${name.replaceAll(/[^\w.-]/g, "_")}"`,
  });
}
