import { urlHost } from "../process/addresses.ts";
import { log } from "../process/log.ts";
import { printLine } from "../process/output.ts";
import { type Settings, StartupError } from "../process/settings.ts";
import { wasmChecks } from "../process/wasm_checks.ts";
import { connectionLimits } from "./server/connections.ts";
import { HttpServer, type RequestHandler } from "./server/http_server.ts";
import type { ListenerState } from "./server/listener_state.ts";

/** A service ends within 2 s. Whatever is still open after this time is cut off. */
const HARD_EXIT_MS = 1000;

/** For a service that runs in a thread: how to stop it, and how it says that it is listening. */
export interface Supervision {
  /**
   * Stops the service instead of SIGINT and SIGTERM. The code that aborts it must make sure that the process ends in
   * time.
   */
  stop?: AbortSignal;
  /** Called once the service listens, with its port. */
  onListen?: (port: number) => void;
}

/** What to serve, and where. */
export interface ServeOptions extends Supervision {
  /** As it appears in messages, such as `training service`. */
  name: string;
  settings: Settings;
  /** 0 takes any free port. */
  port: number;
  fetch: RequestHandler;
  /** Number of threads of this process that listen on the same address, including this one; 1 by default. */
  threads?: number;
  /** Records whether connections can be accepted, for `/healthz`. */
  listener?: ListenerState;
  /** Ends the service if it rejects, because something that the service needs is faulty. */
  soundness?: Promise<void>;
  /** Called once at the end, before waiting for open connections. Close sockets and workers here. */
  onShutdown?: () => Promise<void> | void;
}

/**
 * Serves until a signal comes or `stop` is aborted. Prints one line with the address once it listens.
 *
 * @throws {StartupError} when it cannot listen on the port or the address
 * @throws what `soundness` rejects with
 */
export async function serveService(options: ServeOptions): Promise<void> {
  const server = await listen(options);
  options.onListen?.(server.addr.port);
  const signal = options.stop === undefined ? catchSignals() : { caught: aborted(options.stop), release() {} };
  surviveStrayErrors();
  let fault: Error | undefined;
  const unsound = new Promise<void>((resolve) => {
    options.soundness?.catch((error: Error) => {
      fault = error;
      resolve();
    });
  });
  await Promise.race([signal.caught, unsound]);
  // Anything that rejects from here on does so because the service ends.
  const reason = fault;
  // In a thread, `Deno.exit` would end only that thread, and nobody would notice.
  const late = Promise.withResolvers<void>();
  const cutOff = options.stop === undefined ? () => Deno.exit(reason === undefined ? 0 : 1) : late.resolve;
  Deno.unrefTimer(setTimeout(cutOff, HARD_EXIT_MS));
  await Promise.race([shutDown(server, options), late.promise]);
  signal.release();
  if (reason !== undefined) throw reason;
}

async function shutDown(server: HttpServer, { name, onShutdown }: ServeOptions): Promise<void> {
  // First, because a server that is shutting down no longer delivers what open sockets send.
  try {
    await onShutdown?.();
  } catch (error) {
    log.error("shutting down failed", { service: name }, error);
  }
  await server.shutdown();
}

async function listen(options: ServeOptions): Promise<HttpServer> {
  const { name, settings, port, fetch, threads = 1, listener } = options;
  const hostname = settings.host, sharesAddress = threads > 1;
  try {
    // With `reusePort`, listening succeeds even if another program uses the port, so first check whether a program
    // answers there. (Listening without `reusePort` for a moment would also tell, but would reset clients that connect
    // at that moment.) Two services that start at once may both get the port.
    if (sharesAddress && port !== 0 && await isAnswered(hostname, port)) throw new Deno.errors.AddrInUse();
    const server = new HttpServer({
      hostname,
      port,
      reusePort: sharesAddress,
      limits: connectionLimits(threads),
      state: listener,
      trustedProxies: settings.trustedProxies,
      onError: answerUnservable,
    }, fetch);
    announce(name, `http://${urlHost(hostname)}:${server.addr.port}`, settings);
    return server;
  } catch (error) {
    throw new StartupError(whyNotListening(error, name, settings, port));
  }
}

/** Whether a program answers there. Throws for an address that is not this machine's. */
async function isAnswered(hostname: string, port: number): Promise<boolean> {
  // Binding a UDP port shows whether the address is this machine's, without disturbing TCP clients.
  try {
    Deno.listenDatagram({ transport: "udp", hostname, port }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
  }
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Announces the address in the line that people and scripts wait for. As text it is written at every log level. */
function announce(name: string, url: string, settings: Settings) {
  if (settings.log.format === "json") log.info("listening", { service: name, url, wasm_checks: wasmChecks });
  else printLine(`${name}: ${url}`);
}

/** Answers requests too broken to reach the app, such as one whose Host header gives no valid URL. */
export function answerUnservable(error: unknown): Response {
  log.warn("a request could not be served", { reason: error instanceof Error ? error.message : String(error) });
  return Response.json({ error: "bad request" }, { status: 400 });
}

function whyNotListening(error: unknown, name: string, settings: Settings, port: number): string {
  const variable = port === settings.trainingPort ? "TRAINING_PORT" : "INFERENCE_PORT";
  if (error instanceof Deno.errors.AddrInUse) {
    return `${name}: port ${port} is in use; stop the program that holds it (is the lab running already?), or set ${variable} to a free port`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `${name}: HOST=${settings.host} is not an address of this machine`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${name}: port ${port} may not be used by this user; set ${variable} to a port above 1023`;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `${name}: cannot listen on ${settings.host}:${port}: ${reason}`;
}

/**
 * Keeps the service running after an unhandled error: it may affect one client, but the others and the training
 * continue.
 */
function surviveStrayErrors() {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unhandled error", {}, event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    log.error("unhandled error", {}, event.error);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/**
 * Later signals do nothing, because Ctrl+C at a terminal reaches the whole process group, and a supervisor may send a
 * signal, too.
 */
function catchSignals(): { caught: Promise<void>; release: () => void } {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return {
    caught: promise,
    release: () => signals.forEach((signal) => Deno.removeSignalListener(signal, stop)),
  };
}
