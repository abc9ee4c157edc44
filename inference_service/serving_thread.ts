/** One of the threads that answer on the service's address. */
import { log } from "../service/log.ts";
import { answerUnservable } from "../service/serve.ts";
import type { Settings } from "../service/settings.ts";
import { ConnectionCounts, ConnectionShare } from "./connection_shares.ts";
import { type InferenceService, openInferenceService } from "./service.ts";

export interface ListeningAddress {
  hostname: string;
  port: number;
}

export interface ServeOrder {
  type: "serve";
  address: ListeningAddress;
  settings: Settings;
  /** The memory of the threads' `ConnectionCounts`, and which of them is this thread's. */
  counts: SharedArrayBuffer;
  thread: number;
}

export type ToServingThread = ServeOrder | { type: "shutdown" };
export type FromServingThread = { type: "listening" } | { type: "ended" };

const post = (message: FromServingThread) => self.postMessage(message);

let service: InferenceService | undefined;
let server: Deno.HttpServer | undefined;

async function serve({ address, settings, counts, thread }: ServeOrder): Promise<void> {
  log.configure(settings.log);
  service = await openInferenceService(settings);
  const silent = () => {};
  const fetch = new ConnectionShare(new ConnectionCounts(counts), thread).balance(service.fetch);
  // Before it does: from then on there may be requests that the end has to wait for.
  post({ type: "listening" });
  server = Deno.serve({ ...address, reusePort: true, onListen: silent, onError: answerUnservable }, fetch);
}

async function shutdown(): Promise<void> {
  const answered = server?.shutdown();
  service?.close();
  await answered;
  post({ type: "ended" });
}

let turn: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToServingThread>) => {
  // One after the other: an end that comes while the service opens waits for it.
  turn = turn.then(() => data.type === "serve" ? serve(data) : shutdown());
};
