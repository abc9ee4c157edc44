import type { Hono } from "hono";
import { CLASSES } from "../../core/models/spec.ts";
import type { DatasetInfo } from "../../protocol/mod.ts";
import { checkDataset } from "../dataset/dataset.ts";
import { StartupError } from "../process/settings.ts";

/** Adds `GET /api/datasets`: the datasets in `dataDir` with their real counts; none while they cannot be read. */
export function addDatasetRoutes(app: Hono, dataDir: string): void {
  app.get("/api/datasets", async (c) => {
    c.header("Cache-Control", "no-cache");
    return c.json(await listDatasets(dataDir));
  });
}

async function listDatasets(dataDir: string): Promise<DatasetInfo[]> {
  try {
    const classes = Array.from({ length: CLASSES }, (_, digit) => String(digit));
    return [{ name: "MNIST", classes, ...await checkDataset(dataDir), kind: "folder" }];
  } catch (error) {
    if (error instanceof StartupError) return [];
    throw error;
  }
}
