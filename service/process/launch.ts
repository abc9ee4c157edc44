/** Starts a service with only the permissions that it needs. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { urlHost } from "./addresses.ts";
import { PROJECT_DIR, SETTING_NAMES, type Settings, StartupError } from "./settings.ts";
import { checksArguments, modeFlags, PLAIN_MODE } from "./wasm_checks.ts";

/** The two services of the lab. */
export type ServiceName = "training" | "inference";

/** A service's permissions, for a `Worker` or, through `permissionFlags`, for `deno run`. */
export interface ServicePermissions {
  /** `host:port`. */
  net: string[];
  /** Absolute folders. */
  read: string[];
  write: string[] | false;
  /** Names of environment variables. */
  env: string[];
  run: false;
  ffi: false;
  sys: false;
}

/** The permissions of a service. Only the training service may write, and only to the models folder. */
export function servicePermissions(service: ServiceName, settings: Settings): ServicePermissions {
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  return {
    net: [`${urlHost(settings.host)}:${port}`],
    read: [PROJECT_DIR, settings.modelsDir, settings.dataDir],
    write: service === "training" ? [settings.modelsDir] : false,
    env: [...SETTING_NAMES],
    run: false,
    ffi: false,
    sys: false,
  };
}

/**
 * The same permissions as flags of `deno run`.
 *
 * @throws {StartupError} for a folder with a comma in its path: Deno splits lists at commas and cannot quote one
 */
export function permissionFlags(service: ServiceName, settings: Settings): string[] {
  const lists: [string, string[] | false][] = Object.entries(servicePermissions(service, settings));
  const flags = lists.map(([name, values]) => values && `--allow-${name}=${values.map(withoutComma).join(",")}`);
  return ["--no-prompt", ...flags.filter((flag) => flag !== false)];
}

/**
 * Deno's arguments that run a service as its own process. The process that trains runs without V8's checks of
 * WebAssembly unless the settings say otherwise; the process that reads untrusted input keeps them.
 *
 * @throws {StartupError} like `permissionFlags`
 */
export function serviceArguments(service: ServiceName, settings: Settings): string[] {
  const mode = service === "training" ? settings : PLAIN_MODE;
  const script = join(PROJECT_DIR, `${service}_service`, "main.ts");
  return ["run", ...modeFlags(mode), ...permissionFlags(service, settings), script, ...checksArguments(mode)];
}

/** A service's process. It writes to this process's terminal and reads its other settings from the environment. */
export function serviceCommand(service: ServiceName, settings: Settings): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: serviceArguments(service, settings),
    // Its permissions are for these paths, not for a link to them.
    env: { ...graphicsEnvironment(), MODELS_DIR: settings.modelsDir, DATA_DIR: settings.dataDir },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
}

/**
 * Variables for a child process. On a Linux machine without a desktop session, graphics drivers complain on stderr
 * about the missing XDG_RUNTIME_DIR whenever a program looks for a GPU, although nothing here needs it.
 */
export function graphicsEnvironment(): Record<string, string> {
  if (Deno.build.os !== "linux" || Deno.env.get("XDG_RUNTIME_DIR")) return {};
  return { XDG_RUNTIME_DIR: tmpdir() };
}

function withoutComma(value: string): string {
  if (!value.includes(",")) return value;
  throw new StartupError(`${value} has a comma in its path, which permissions cannot name: choose another folder`);
}
