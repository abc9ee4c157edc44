/** The environment variables of both services, read and checked once at the start. */
import { isAbsolute, resolve } from "node:path";
import { type DeviceChoice, DEVICES } from "../protocol/mod.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogOptions } from "./log.ts";

/** A reason not to start, as one line for the person at the terminal. */
export class StartupError extends Error {
  override name = "StartupError";
}

export interface Settings {
  /** Address to bind. */
  host: string;
  trainingPort: number;
  inferencePort: number;
  /** Absolute folders. */
  modelsDir: string;
  dataDir: string;
  uiDir: string;
  device: DeviceChoice;
  /** Threads of the WASM backend. */
  threads: number;
  /** Names, besides loopback and `host`, under which the pages may be asked for; lower case, without port. */
  allowedHosts: string[];
  log: LogOptions;
}

/** The variables that `readSettings` looks at: what a service needs of `--allow-env`. */
export const SETTING_NAMES = [
  "HOST",
  "LAB_TOKEN",
  "TRAINING_PORT",
  "INFERENCE_PORT",
  "MODELS_DIR",
  "DATA_DIR",
  "DEVICE",
  "THREADS",
  "ALLOWED_HOSTS",
  "LOG_LEVEL",
  "LOG_FORMAT",
] as const;

const PROJECT_DIR = resolve(import.meta.dirname!, "..");
const MAX_THREADS = 64;

/**
 * Reads the settings; an empty variable counts as unset. Relative folders are relative to the project, in a compiled
 * binary to the working directory.
 *
 * @throws {StartupError} for a value that no service could start with
 */
export function readSettings(get: (name: string) => string | undefined = (name) => Deno.env.get(name)): Settings {
  const read = (name: string) => get(name)?.trim() || undefined;
  const host = read("HOST") ?? "127.0.0.1";
  refuseWithoutToken(host, read("LAB_TOKEN"));
  const trainingPort = readWhole("TRAINING_PORT", read("TRAINING_PORT"), 8000, 65535);
  const inferencePort = readWhole("INFERENCE_PORT", read("INFERENCE_PORT"), 8001, 65535);
  if (trainingPort === inferencePort) {
    throw new StartupError(
      `TRAINING_PORT and INFERENCE_PORT are both ${trainingPort}; each service needs a port of its own`,
    );
  }
  const base = Deno.build.standalone ? Deno.cwd() : PROJECT_DIR;
  const folder = (name: string, fallback: string) => {
    const value = read(name) ?? fallback;
    return isAbsolute(value) ? value : resolve(base, value);
  };
  return {
    host,
    trainingPort,
    inferencePort,
    modelsDir: folder("MODELS_DIR", "models"),
    dataDir: folder("DATA_DIR", "data"),
    uiDir: resolve(PROJECT_DIR, "dist/ui"),
    device: readChoice("DEVICE", read("DEVICE"), DEVICES, "auto"),
    threads: readWhole(
      "THREADS",
      read("THREADS"),
      Math.min(Math.max(navigator.hardwareConcurrency, 1), MAX_THREADS),
      MAX_THREADS,
    ),
    allowedHosts: (read("ALLOWED_HOSTS") ?? "").split(",").map((name) => name.trim().toLowerCase()).filter(Boolean),
    log: {
      level: readChoice("LOG_LEVEL", read("LOG_LEVEL"), LOG_LEVELS, "info"),
      format: readChoice("LOG_FORMAT", read("LOG_FORMAT"), LOG_FORMATS, "text"),
    },
  };
}

/** Whether `host`, a name or an address without brackets, means this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** A token that is asked for but not checked would be worse than none, so both cases end here. */
function refuseWithoutToken(host: string, token: string | undefined) {
  if (!isLoopback(host)) {
    throw new StartupError(
      `HOST=${host} would open the lab to other machines, which needs LAB_TOKEN, and this version cannot check a ` +
        `token yet; leave HOST unset to serve this machine only`,
    );
  }
  if (token !== undefined) {
    throw new StartupError("LAB_TOKEN is set, but this version cannot check a token yet; unset it to start without");
  }
}

function readWhole(name: string, value: string | undefined, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= max) return number;
  throw new StartupError(`${name} must be a whole number from 1 to ${max}, got "${value}"`);
}

function readChoice<T extends string>(name: string, value: string | undefined, choices: readonly T[], fallback: T): T {
  const chosen = value?.toLowerCase() ?? fallback;
  const known = choices.find((choice) => choice === chosen);
  if (known !== undefined) return known;
  throw new StartupError(`${name} must be one of ${choices.join(", ")}, got "${value}"`);
}
