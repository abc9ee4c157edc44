/** The environment variables of both services, read and checked once at start-up. */
import { basename, dirname, join, resolve } from "node:path";
import { type DeviceChoice, DEVICES, MAX_RUN_MINUTES, MIN_TOKEN_LENGTH } from "../../protocol/mod.ts";
import { canonicalAddress, isLoopback } from "./addresses.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogOptions } from "./log.ts";
import { WASM_CHECKS, WASM_VECTORS, type WasmMode } from "./wasm_checks.ts";

/** A reason not to start, as one line for the user at the terminal. */
export class StartupError extends Error {
  override name = "StartupError";
}

/** The values of the environment variables. The mode of WebAssembly is that of the process that trains. */
export interface Settings extends WasmMode {
  /** Address to bind. */
  host: string;
  /** The token that every client needs; may be unset on loopback only. */
  token?: string;
  trainingPort: number;
  inferencePort: number;
  /** Absolute folders with links resolved, because permissions apply to the folder that a link leads to. */
  modelsDir: string;
  dataDir: string;
  uiDir: string;
  device: DeviceChoice;
  /** Threads of the WASM backend. */
  threads: number;
  /** The longest that a run may be expected to take, in minutes. */
  maxRunMinutes: number;
  /** Names, besides loopback and `host`, under which the service answers; lower case, without port. */
  allowedHosts: string[];
  /** Origins at which a proxy makes the services public, such as `https://lab.example`. */
  trainingUrl?: string;
  inferenceUrl?: string;
  /** IP addresses of proxies whose word about a request is taken. */
  trustedProxies: string[];
  log: LogOptions;
}

/** The variables that `readSettings` reads, which a service needs in `--allow-env`. */
export const SETTING_NAMES = [
  "HOST",
  "LAB_TOKEN",
  "TRAINING_PORT",
  "INFERENCE_PORT",
  "MODELS_DIR",
  "DATA_DIR",
  "DEVICE",
  "THREADS",
  "WASM_CHECKS",
  "WASM_VECTORS",
  "MAX_RUN_MINUTES",
  "ALLOWED_HOSTS",
  "TRAINING_URL",
  "INFERENCE_URL",
  "TRUSTED_PROXIES",
  "LOG_LEVEL",
  "LOG_FORMAT",
] as const;

/** The folder of this repository or, in a compiled binary, of the embedded files. */
export const PROJECT_DIR = resolve(import.meta.dirname!, "../..");
const MAX_THREADS = 64;
/** A year. */
const MAX_MINUTES = 365 * 24 * 60;

/**
 * Reads the settings; an empty variable counts as unset. Relative folders are relative to the project or, in a compiled
 * binary, to the working directory.
 *
 * @throws {StartupError} for a value that no service could start with
 */
export function readSettings(get: (name: string) => string | undefined = (name) => Deno.env.get(name)): Settings {
  const read = (name: string) => get(name)?.trim() || undefined;
  const host = read("HOST") ?? "127.0.0.1";
  const token = readToken(read("LAB_TOKEN"), host);
  const trainingPort = readWhole("TRAINING_PORT", read("TRAINING_PORT"), 8000, 65535);
  const inferencePort = readWhole("INFERENCE_PORT", read("INFERENCE_PORT"), 8001, 65535);
  if (trainingPort === inferencePort) {
    throw new StartupError(
      `TRAINING_PORT and INFERENCE_PORT are both ${trainingPort}; each service needs its own port`,
    );
  }
  const base = Deno.build.standalone ? Deno.cwd() : PROJECT_DIR;
  const folder = (name: string, fallback: string) => {
    const value = read(name) ?? fallback;
    return realFolder(resolve(base, value));
  };
  return {
    host,
    token,
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
    wasmChecks: readChoice("WASM_CHECKS", read("WASM_CHECKS"), WASM_CHECKS, "off"),
    wasmVectors: readChoice("WASM_VECTORS", read("WASM_VECTORS"), WASM_VECTORS, "256"),
    maxRunMinutes: readWhole("MAX_RUN_MINUTES", read("MAX_RUN_MINUTES"), MAX_RUN_MINUTES, MAX_MINUTES),
    allowedHosts: listOf(read("ALLOWED_HOSTS")).map((name) => name.toLowerCase()),
    ...readPublicUrls(read("TRAINING_URL"), read("INFERENCE_URL")),
    trustedProxies: listOf(read("TRUSTED_PROXIES")).map((address) => {
      const canonical = canonicalAddress(address);
      if (canonical !== undefined) return canonical;
      throw new StartupError(
        `TRUSTED_PROXIES must be IP addresses separated by commas, such as 127.0.0.1, got "${address}"`,
      );
    }),
    log: {
      level: readChoice("LOG_LEVEL", read("LOG_LEVEL"), LOG_LEVELS, "info"),
      format: readChoice("LOG_FORMAT", read("LOG_FORMAT"), LOG_FORMATS, "text"),
    },
  };
}

/** Resolves the links in the absolute `path`; if it does not exist yet, those in the folder above it. */
function realFolder(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    const isRoot = dirname(path) === path;
    // A service may not read folders above its own; its starter passes their real paths.
    if (isRoot || !(error instanceof Deno.errors.NotFound)) return path;
    return join(realFolder(dirname(path)), basename(path));
  }
}

/** Anyone who can reach an address other than loopback could train and remove models, so it needs a token. */
function readToken(token: string | undefined, host: string): string | undefined {
  if (token === undefined && !isLoopback(host)) {
    throw new StartupError(
      `HOST=${host} opens the lab to other machines, which needs LAB_TOKEN: set it to a long word that you tell only ` +
        `people who may use the lab, or leave HOST unset to serve only this machine`,
    );
  }
  // Characters that every header can carry unchanged.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new StartupError("LAB_TOKEN must consist of ASCII letters, digits and punctuation, without spaces");
  }
  if (token !== undefined && token.length < MIN_TOKEN_LENGTH) {
    throw new StartupError(
      `LAB_TOKEN must have at least ${MIN_TOKEN_LENGTH} characters, as shorter ones can be guessed`,
    );
  }
  return token;
}

function readPublicUrls(training: string | undefined, inference: string | undefined) {
  const trainingUrl = readOrigin("TRAINING_URL", training), inferenceUrl = readOrigin("INFERENCE_URL", inference);
  if (trainingUrl !== undefined && trainingUrl === inferenceUrl) {
    throw new StartupError(`TRAINING_URL and INFERENCE_URL are both ${trainingUrl}; each page needs its own address`);
  }
  return { ...trainingUrl !== undefined && { trainingUrl }, ...inferenceUrl !== undefined && { inferenceUrl } };
}

/** Only an origin, because the pages and sockets of a service lie at fixed paths. */
function readOrigin(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  if (url !== null && url.href === `${url.origin}/`) return url.origin;
  throw new StartupError(
    `${name} must be the address of a page without a path, such as https://lab.example or https://lab.example:8443, got "${value}"`,
  );
}

function listOf(value = ""): string[] {
  return value.split(",").map((item) => item.trim()).filter(Boolean);
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
