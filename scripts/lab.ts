/**
 * `deno task lab …`: does what the binary does with the same arguments, from the repository. It reports preparations on
 * standard error, so that standard output is left to the command.
 */
import { join } from "node:path";
import { printError } from "../service/process/output.ts";
import { runMain } from "../service/process/output.ts";
import { readSettings } from "../service/process/settings.ts";
import { ENTRY, labArguments } from "./binary/contents.ts";
import { prepare } from "./lib/prepare.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";

await runMain(async () => {
  // If everything is in place already, print nothing.
  const settings = readSettings();
  await prepare(settings, (line, kind) => kind === "state" || printError(`${line}\n`));
  const lab = new Deno.Command(Deno.execPath(), {
    args: [...labArguments(join(PROJECT_DIR, ENTRY), settings), ...Deno.args.filter((arg) => arg !== "--")],
  }).spawn();
  const endLab = () => {
    try {
      lab.kill("SIGTERM");
    } catch {
      // It has already ended.
    }
  };
  // The terminal sends Ctrl+C to the whole group, and tells all of it when it goes away.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGHUP", () => {});
    Deno.addSignalListener("SIGTERM", endLab);
  }
  Deno.exit((await lab.status).code);
});
