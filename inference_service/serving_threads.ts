/**
 * Further threads that answer on the service's address, each with all that it needs: reading a drawing takes half a
 * millisecond of arithmetic, so one thread would leave the other cores idle while its clients wait. The system shares
 * connections out among the sockets that listen on an address; only Linux does so evenly.
 */
import { log } from "../service/log.ts";
import type { Settings } from "../service/settings.ts";
import { ConnectionCounts } from "./connection_shares.ts";
import type { FromServingThread, ListeningAddress, ServeOrder, ToServingThread } from "./serving_thread.ts";

export const canShareAddress = Deno.build.os === "linux";

/** How many threads answer, the main one included. */
export function servingThreads({ threads }: Pick<Settings, "threads">): number {
  return canShareAddress ? threads : 1;
}

/** Until a thread that broke down is replaced: one that breaks down at once must not keep the machine busy. */
const RESTART_MS = 1000;

const SCRIPT = new URL("./serving_thread.ts", import.meta.url);

export class ServingThreads {
  readonly #threads = new Set<{ worker: Worker; ended: Promise<void>; isListening: boolean }>();
  #isEnding = false;

  /** `script` is another one only in tests. */
  constructor(private readonly script: URL = SCRIPT, private readonly restartMs = RESTART_MS) {}

  /** Starts so many threads, which `counts` has as 1, 2, …; 0 is the main one. */
  start(count: number, address: ListeningAddress, settings: Settings, counts: ConnectionCounts): void {
    const order = { type: "serve", address, settings, counts: counts.memory } as const;
    for (let thread = 1; thread <= count; thread++) this.#start({ ...order, thread });
  }

  /**
   * Lets every thread answer what it has begun. The threads are left to the end of the process: on a GPU they have its driver
   * open, which must not go in the moment in which the process ends (ADR 13).
   */
  async shutdown(): Promise<void> {
    this.#isEnding = true;
    for (const { worker } of this.#threads) worker.postMessage({ type: "shutdown" } satisfies ToServingThread);
    // One that is still starting has begun nothing.
    const listening = [...this.#threads].filter(({ isListening }) => isListening);
    await Promise.all(listening.map(({ ended }) => ended));
  }

  /** As `shutdown`, and ends the threads, too: for a process that goes on. */
  async close(): Promise<void> {
    await this.shutdown();
    for (const { worker } of this.#threads) worker.terminate();
  }

  #start(order: ServeOrder) {
    const worker = new Worker(this.script, { type: "module", name: "serving" });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const thread = { worker, ended, isListening: false };
    this.#threads.add(thread);
    worker.onmessage = ({ data }: MessageEvent<FromServingThread>) => {
      if (data.type === "listening") thread.isListening = true;
      else resolve();
    };
    worker.onerror = (event) => {
      // The others go on meanwhile.
      event.preventDefault();
      log.error("a serving thread broke down", { reason: event.message });
      this.#threads.delete(thread);
      new ConnectionCounts(order.counts).setListens(order.thread, false);
      resolve();
      const restart = setTimeout(() => {
        if (!this.#isEnding) this.#start(order);
      }, this.restartMs);
      Deno.unrefTimer(restart);
    };
    worker.postMessage(order satisfies ToServingThread);
  }
}
