/** What must be in place before a service or a test runs. */
import * as esbuild from "esbuild";
import type { Settings } from "../../service/process/settings.ts";
import { buildUi } from "../build_ui.ts";
import { fetchData, type Tell } from "../fetch_data.ts";
import { requireFolder } from "../../service/process/folders.ts";

/**
 * The dataset, the pages and the folder for models.
 *
 * @throws {StartupError} when the dataset or the folder cannot be had
 */
export async function prepare(settings: Settings, log: Tell): Promise<void> {
  // A name that was mistyped would look like a lab without models.
  if (await requireFolder(settings.modelsDir, "MODELS_DIR")) log(`Created the models folder ${settings.modelsDir}.`);
  await fetchData(settings.dataDir, log);
  try {
    await buildUi();
  } finally {
    await esbuild.stop(); // Its child process would outlive the build.
  }
}
