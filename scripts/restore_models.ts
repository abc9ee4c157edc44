/**
 * `deno task restore-models [FOLDER]`: replaces a damaged `models_metadata.json` with its last good copy, in FOLDER or
 * else in MODELS_DIR. The damaged file is kept beside it. Metadata that is not damaged is left alone.
 */
import { restoreBackup, type Restored } from "../lab/models/mod.ts";
import { runMain } from "../service/process/output.ts";
import { readSettings, StartupError } from "../service/process/settings.ts";
import { DiskFolder } from "../service/files/disk_folder.ts";

/** Describes what was restored, for the terminal. */
export function describeRestored({ count, time, damaged, withoutFile, unlisted }: Restored): string[] {
  const lines = [`${count} records are back, as they were on ${time}.`];
  if (damaged !== undefined) lines.push(`The damaged file is kept: ${damaged}`);
  if (withoutFile.length > 0) {
    lines.push(`Removed or replaced since, so their files are missing: ${withoutFile.join(", ")}`);
  }
  if (unlisted.length > 0) {
    lines.push(`Stored since, so no record names them; POST /api/models imports them: ${unlisted.join(", ")}`);
  }
  return lines;
}

if (import.meta.main) {
  await runMain(async () => {
    const [folder, ...more] = Deno.args.filter((arg) => arg !== "--");
    if (more.length > 0) throw new StartupError("give one folder at a time: deno task restore-models FOLDER");
    const models = new DiskFolder(folder ?? readSettings().modelsDir);
    const isFile = await Deno.stat(models.path).then((found) => found.isFile, () => false);
    if (isFile) throw new StartupError(`${models.path} is not a folder`);
    for (const line of describeRestored(await restoreBackup(models))) console.log(line);
  });
}
