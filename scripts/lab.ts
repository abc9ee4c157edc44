/**
 * `deno task lab …`: what the binary does with the same arguments, from the repository. Whatever has to be prepared is said
 * on standard error, so that standard output is the command's own.
 */
import { join } from "node:path";
import { runMain } from "../service/process/serve.ts";
import { readSettings } from "../service/process/settings.ts";
import { ENTRY, PERMISSIONS } from "./binary/contents.ts";
import { prepare } from "./lib/prepare.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";

await runMain(async () => {
  // That all is in place is not worth a line before each command.
  await prepare(readSettings(), (line, kind) => kind === "state" || console.error(line));
  const lab = new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, join(PROJECT_DIR, ENTRY), ...Deno.args.filter((arg) => arg !== "--")],
  }).spawn();
  const endLab = () => {
    try {
      lab.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
  };
  // Ctrl+C reaches the whole group by itself.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", endLab);
  Deno.exit((await lab.status).code);
});
