/** One of the threads that answer on the service's address. */
import { log } from "../service/process/log.ts";
import { answerUnservable } from "../service/http/serve.ts";
import type { Settings } from "../service/process/settings.ts";
import { HttpServer } from "../service/http/server/http_server.ts";
import { connectionLimits } from "../service/http/server/connections.ts";
import { type InferenceService, openInferenceService, servingThreads } from "./service.ts";

/** Where the main thread listens. */
export interface ListeningAddress {
  hostname: string;
  port: number;
}

/** The first message to a thread. */
export interface ServeOrder {
  type: "serve";
  address: ListeningAddress;
  settings: Settings;
}

/** Messages of the main thread. */
export type ToServingThread = ServeOrder | { type: "shutdown" };
/** Answers to them, in order. */
export type FromServingThread = { type: "listening" } | { type: "ended" };

const post = (message: FromServingThread) => self.postMessage(message);

let service: InferenceService | undefined;
let server: HttpServer | undefined;

async function serve({ address, settings }: ServeOrder): Promise<void> {
  log.configure(settings.log);
  service = await openInferenceService(settings);
  // Sent before it is true, because from then on there may be requests that a shutdown has to wait for.
  post({ type: "listening" });
  server = new HttpServer({
    ...address,
    reusePort: true,
    limits: connectionLimits(servingThreads(settings)),
    state: service.listener,
    trustedProxies: settings.trustedProxies,
    onError: answerUnservable,
  }, service.fetch);
}

async function shutdown(): Promise<void> {
  const answered = server?.shutdown();
  service?.close();
  await answered;
  post({ type: "ended" });
}

let turn: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToServingThread>) => {
  // One after the other: a shutdown that arrives while the service opens waits for it.
  turn = turn.then(() => data.type === "serve" ? serve(data) : shutdown());
};
