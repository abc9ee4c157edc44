/** The app of the training service on a real registry, with the real importing worker and test digits. */
import { join } from "node:path";
import type { Hono } from "hono";
import { type ModelRecord } from "../../protocol/mod.ts";
import { Registry } from "../../lab/models/mod.ts";
import { readSettings } from "../../service/process/settings.ts";
import { SocketGroup } from "../../service/http/websocket.ts";
import { ModelAnalyst } from "../../lab/analysis/model_analyst.ts";
import { log } from "../../service/process/log.ts";
import { createTrainingApp } from "../app.ts";
import { ANALYSIS_WORKER, IMPORT_WORKER } from "../service.ts";
import { ModelImporter } from "../../lab/imports/model_importer.ts";
import { RunArchive } from "../../lab/runs/run_archive.ts";
import { Runs } from "../../lab/runs/runs.ts";
import { foldersOf, withDigits } from "./process.ts";
import { FakeEngine, TRAIN_IMAGES } from "./fakes.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { RunSnapshots } from "../../lab/runs/run_snapshots.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";

export interface ImportLab {
  app: Hono;
  registry: Registry;
  importer: ModelImporter;
  modelsDir: string;
  /** `POST /api/models` with `query` such as `?overwrite=true`. */
  post(body: BodyInit, query?: string, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: ModelRecord & { error?: any; existing?: any };
}

/** Runs `body` with a fresh lab and removes it afterwards. */
export function withImportLab(body: (lab: ImportLab) => Promise<void>): Promise<void> {
  return withDigits(async (dir) => {
    const { modelsDir, dataDir } = foldersOf(dir);
    const registry = await openRegistry(modelsDir, { write: true });
    const importer = new ModelImporter({ store: registry, script: IMPORT_WORKER, dataDir });
    const analyst = new ModelAnalyst({ store: registry, script: ANALYSIS_WORKER, dataDir });
    const snapshots = await RunSnapshots.open(new DiskFolder(modelsDir));
    const app = createTrainingApp({
      settings: readSettings(() => undefined),
      registry,
      importer,
      analyst,
      runs: new Runs({
        store: registry,
        snapshots,
        engine: new FakeEngine(),
        log,
        trainImages: TRAIN_IMAGES,
        device: "wasm",
        threads: 1,
      }),
      archive: new RunArchive({ store: registry, snapshots }),
      sockets: new SocketGroup(),
    });
    const post = async (body: BodyInit, query = "", headers: Record<string, string> = {}) => {
      const response = await app.request(`http://localhost:8000/api/models${query}`, { method: "POST", body, headers });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    await body({ app, registry, importer, modelsDir, post });
    importer.close();
    analyst.close();
  });
}

/** A form, as a drop zone sends it. */
export function formOf(bytes: Uint8Array<ArrayBuffer>, name: string, fields: Record<string, string> = {}): FormData {
  const form = new FormData();
  form.append("file", new File([bytes], name));
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  return form;
}

/** A model of the Python lab's fixture folder, as bytes. */
export function pythonModel(id: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(
    join(import.meta.dirname!, "..", "..", "lab", "models", "fixtures", "python_lab", `${id}.pth`),
  );
}
