/** How each service is started: with what it needs, and nothing else. */
import { join } from "node:path";
import { SETTING_NAMES, type Settings, StartupError } from "../../service/settings.ts";
import { urlHost } from "../../service/url_host.ts";
import { graphicsEnvironment } from "../../service/graphics.ts";
import { PROJECT_DIR } from "./source_files.ts";

export type ServiceName = "training" | "inference";

/** Permissions of a service as flags of `deno run`; only the training service may write, and only models. */
export function permissions(service: ServiceName, settings: Settings): string[] {
  const { modelsDir, dataDir } = settings;
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  return [
    "--no-prompt",
    `--allow-net=${urlHost(settings.host)}:${port}`,
    `--allow-read=${[PROJECT_DIR, modelsDir, dataDir].map(listed).join(",")}`,
    ...(service === "training" ? [`--allow-write=${listed(modelsDir)}`] : []),
    `--allow-env=${SETTING_NAMES.join(",")}`,
  ];
}

/** A service's process, which writes to this one's terminal and reads its settings from the environment. */
export function serviceCommand(service: ServiceName, settings: Settings): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions(service, settings), join(PROJECT_DIR, `${service}_service`, "main.ts")],
    env: graphicsEnvironment(),
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
}

/** Deno splits lists of permissions at commas and has no way to quote one. */
function listed(folder: string): string {
  if (!folder.includes(",")) return folder;
  throw new StartupError(`${folder} has a comma in its path, which permissions cannot name: choose another folder`);
}
