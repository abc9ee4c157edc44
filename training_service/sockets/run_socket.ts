/** `/ws/runs/{id}`: joins a run in progress, or reads a finished one. */
import type { ServerSocket } from "../../service/http/server/server_socket.ts";
import { log } from "../../service/process/log.ts";
import { type HistoryMessage, quote } from "../../protocol/mod.ts";
import { carryOut, MessageBudget, refuseFlood } from "./client_messages.ts";
import { Outbox } from "./outbox.ts";
import type { Run, RunListener } from "../../lab/runs/run.ts";
import { RegistryError } from "../../lab/models/mod.ts";
import type { KnownRuns } from "../run_routes.ts";

const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
/** Watchers receive losses at most ten times a second. */
const LOSS_INTERVAL_MS = 100;
/** How long those who join a run right after another wait for more who do. */
const JOIN_MS = 50;

/**
 * Serves one watcher of run `id`, whose address is `client`: first the history, then live messages until the run ends.
 */
export function serveRunSocket(socket: ServerSocket, { runs, archive }: KnownRuns, id: string, client: string) {
  const outbox = new Outbox(socket, {
    lossIntervalMs: LOSS_INTERVAL_MS,
    onGiveUp: () => run?.unsubscribe(listener),
  });
  const listener: RunListener = {
    client,
    onMessage: (message) => outbox.send(message),
    onEnd: () => outbox.close(NORMAL),
  };
  const budget = new MessageBudget();
  const run = runs.get(id);

  const tellArchived = async () => {
    const history = await archive.find(id).catch((error) => {
      if (error instanceof RegistryError) return undefined;
      throw error;
    });
    if (history === undefined) {
      outbox.send({ type: "error", message: `There is no run ${quote(id)}; it may be too long ago.` });
      return outbox.close(POLICY_VIOLATION, "no such run");
    }
    outbox.send(history);
    outbox.close(NORMAL);
  };
  socket.addEventListener("open", () => {
    if (run === undefined) {
      return tellArchived().catch((error) => {
        log.error("an archived run could not be told", {}, error);
        outbox.close(INTERNAL_ERROR);
      });
    }
    join(run, (history) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      outbox.send(history);
      if (run.finished) outbox.close(NORMAL);
      else run.subscribe(listener);
    });
  });
  socket.addEventListener("message", (event) => {
    const { data } = event as MessageEvent;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!budget.take(data)) return refuseFlood(outbox);
    if (run !== undefined) carryOut(run, data, outbox, listener);
  });
  socket.addEventListener("close", () => {
    run?.unsubscribe(listener);
    outbox.discard();
  });
}

type Joiner = (history: HistoryMessage) => void;

/** Those who wait until they join a run. */
const joiners = new WeakMap<Run, Joiner[]>();

/**
 * Lets a client join with the run's history. The history of a long run takes milliseconds to encode, so those who come
 * right after another wait a little and share one.
 */
function join(run: Run, joiner: Joiner) {
  const waiting = joiners.get(run);
  if (waiting !== undefined) return void waiting.push(joiner);
  joiner(run.history);
  const next: Joiner[] = [];
  joiners.set(run, next);
  setTimeout(() => {
    joiners.delete(run);
    if (next.length === 0) return;
    const { history } = run;
    for (const joiner of next) joiner(history);
  }, JOIN_MS);
}
