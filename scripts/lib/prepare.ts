/** Prepares what a service or a test needs before it runs. */
import * as esbuild from "esbuild";
import type { Settings } from "../../service/process/settings.ts";
import { buildUi } from "../build_ui.ts";
import { fetchData, type Tell } from "../fetch_data.ts";
import { requireFolder } from "../../service/process/folders.ts";

/**
 * Prepares the dataset, the pages and the models folder.
 *
 * @throws {StartupError} when the dataset or the folder cannot be created
 */
export async function prepare(settings: Settings, log: Tell): Promise<void> {
  // With a mistyped name the lab would seem to have lost its models.
  if (await requireFolder(settings.modelsDir, "MODELS_DIR")) log(`Created the models folder ${settings.modelsDir}.`);
  await fetchData(settings.dataDir, log);
  try {
    await buildUi();
  } finally {
    await esbuild.stop(); // Its child process would outlive the build.
  }
}
