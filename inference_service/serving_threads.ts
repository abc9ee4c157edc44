/**
 * Further threads that answer on the service's address, each with all that it needs: reading a drawing takes half a
 * millisecond of arithmetic, so one thread would leave the other cores idle while its clients wait. The system shares
 * connections out among the sockets that listen on an address; only Linux does so evenly.
 */
import type { Settings } from "../service/settings.ts";
import type { FromServingThread, ListeningAddress, ToServingThread } from "./serving_thread.ts";

export const canShareAddress = Deno.build.os === "linux";

/** How many threads answer, the main one included. */
export function servingThreads({ threads }: Pick<Settings, "threads">): number {
  return canShareAddress ? threads : 1;
}

interface Thread {
  worker: Worker;
  ended: Promise<void>;
}

export class ServingThreads {
  #threads: Thread[] = [];

  start(count: number, address: ListeningAddress): void {
    for (let i = 0; i < count; i++) this.#threads.push(startThread(address));
  }

  /** Lets every thread answer what it has begun. */
  async shutdown(): Promise<void> {
    for (const { worker } of this.#threads) worker.postMessage({ type: "shutdown" } satisfies ToServingThread);
    await Promise.all(this.#threads.map(({ ended }) => ended));
    for (const { worker } of this.#threads.splice(0)) worker.terminate();
  }
}

function startThread(address: ListeningAddress): Thread {
  const worker = new Worker(new URL("./serving_thread.ts", import.meta.url), { type: "module", name: "serving" });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<FromServingThread>) => {
    if (data.type === "ended") resolve();
  };
  worker.onerror = (event) => {
    // The others go on without it.
    event.preventDefault();
    console.error("inference service: a serving thread broke down:", event.message);
    resolve();
  };
  worker.postMessage({ type: "serve", address } satisfies ToServingThread);
  return { worker, ended };
}
