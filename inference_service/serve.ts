import { log } from "../service/process/log.ts";
import { serveService, type Supervision } from "../service/http/serve.ts";
import type { Settings } from "../service/process/settings.ts";
import { canShareAddress, openInferenceService, servingThreads } from "./service.ts";
import type { FromServingThread, ListeningAddress, ServeOrder, ToServingThread } from "./serving_thread.ts";

/**
 * How long to wait before a crashed thread is replaced, so that a thread that always crashes does not keep the machine
 * busy.
 */
const RESTART_MS = 1000;

const SCRIPT = new URL("./serving_thread.ts", import.meta.url);

/**
 * Serves on all threads until `stop` is aborted or a signal arrives. End the process afterwards.
 *
 * @throws {StartupError} when it cannot listen on the port or the address
 * @throws {RegistryError} when the models folder cannot be read
 */
export async function runInferenceService(settings: Settings, { stop, onListen }: Supervision = {}): Promise<void> {
  log.configure(settings.log);
  const service = await openInferenceService(settings);
  const threads = new ServingThreads();
  await serveService({
    name: "inference service",
    settings,
    port: settings.inferencePort,
    stop,
    threads: canShareAddress ? Math.max(2, servingThreads(settings)) : 1,
    listener: service.listener,
    fetch: service.fetch,
    onListen(port) {
      threads.start(servingThreads(settings) - 1, { hostname: settings.host, port }, settings);
      onListen?.(port);
    },
    async onShutdown() {
      service.close();
      await threads.shutdown();
    },
  });
}

/**
 * Threads that answer on the service's address in addition to the main thread. Each has its own registry, open models
 * and server; Linux distributes new connections among the sockets that listen on one address.
 */
export class ServingThreads {
  readonly #script: URL;
  readonly #restartMs: number;
  readonly #threads = new Set<{ worker: Worker; ended: Promise<void>; isListening: boolean }>();
  #isEnding = false;

  /** Tests may pass another script and wait. */
  constructor(script = SCRIPT, restartMs = RESTART_MS) {
    this.#script = script;
    this.#restartMs = restartMs;
  }

  /** Starts `count` threads. A thread that crashes is replaced. */
  start(count: number, address: ListeningAddress, settings: Settings): void {
    for (let thread = 0; thread < count; thread++) this.#start({ type: "serve", address, settings });
  }

  /**
   * Resolves once every thread has answered the requests it had begun. The threads themselves live until the process
   * ends: on a GPU they hold its driver open, which must not be closed while the process ends (ADR 13).
   */
  async shutdown(): Promise<void> {
    this.#isEnding = true;
    for (const { worker } of this.#threads) worker.postMessage({ type: "shutdown" } satisfies ToServingThread);
    // A thread that is still starting has no requests.
    const listening = [...this.#threads].filter(({ isListening }) => isListening);
    await Promise.all(listening.map(({ ended }) => ended));
  }

  /** Like `shutdown`, but also ends the threads, for a process that continues. */
  async close(): Promise<void> {
    await this.shutdown();
    for (const { worker } of this.#threads) worker.terminate();
  }

  #start(order: ServeOrder) {
    const worker = new Worker(this.#script, { type: "module", name: "serving" });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const thread = { worker, ended, isListening: false };
    this.#threads.add(thread);
    worker.onmessage = ({ data }: MessageEvent<FromServingThread>) => {
      if (data.type === "listening") thread.isListening = true;
      else resolve();
    };
    worker.onerror = (event) => {
      // The other threads keep serving.
      event.preventDefault();
      log.error("a serving thread crashed", { reason: event.message });
      this.#threads.delete(thread);
      resolve();
      const restart = setTimeout(() => {
        if (!this.#isEnding) this.#start(order);
      }, this.#restartMs);
      Deno.unrefTimer(restart);
    };
    worker.postMessage(order satisfies ToServingThread);
  }
}
