/** The sockets that report on a run: `/ws/train` begins one, `/ws/runs/{id}` watches one. */
import { RegistryError } from "../../lab/models/mod.ts";
import type { RunArchive } from "../../lab/runs/run_archive.ts";
import type { Run, RunListener } from "../../lab/runs/run.ts";
import { RefusedError, type Runs } from "../../lab/runs/runs.ts";
import { type HistoryMessage, quote, ValidationError } from "../../protocol/mod.ts";
import type { ServerSocket } from "../../service/http/server/server_socket.ts";
import { log } from "../../service/process/log.ts";
import { carryOut, MessageBudget, parseRequest, refuseFlood } from "./client_messages.ts";
import { Outbox } from "./outbox.ts";

const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

/**
 * Serves a client of `/ws/train`, whose address is `client`: receives a configuration, or the id of a run to resume,
 * and reports on the run, which outlives the client.
 */
export function serveTrainSocket(socket: ServerSocket, runs: Runs, client: string) {
  const budget = new MessageBudget();
  const outbox = new Outbox(socket, { onGiveUp: () => leave() });
  const listener: RunListener = {
    client,
    onMessage: (message) => outbox.send(message),
    onEnd: () => outbox.close(NORMAL),
  };
  let run: Run | undefined;
  const leave = () => {
    run?.unsubscribe(listener);
    run?.leave();
  };

  const receive = async (data: unknown) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (run !== undefined) return carryOut(run, data, outbox, listener);
    try {
      const request = parseRequest(data);
      await runs.check(request);
      run = runs.submit(request, listener, client);
      // The client may have disconnected while its request was checked.
      if (socket.readyState !== WebSocket.OPEN) run.leave();
    } catch (error) {
      refuse(error, outbox);
    }
  };
  /** Messages wait while the first one is checked. */
  let received = Promise.resolve();
  socket.addEventListener("message", (event) => {
    const { data } = event as MessageEvent;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!budget.take(data)) return refuseFlood(outbox);
    received = received.then(() => receive(data));
  });
  socket.addEventListener("close", () => {
    leave();
    outbox.discard();
  });
}

function refuse(error: unknown, outbox: Outbox) {
  if (error instanceof ValidationError) {
    outbox.send({ type: "error", message: error.message, field: error.field || undefined });
    outbox.close(POLICY_VIOLATION, "not a valid configuration");
  } else if (error instanceof RefusedError) {
    outbox.send({ type: "error", message: error.message });
    outbox.close(NORMAL);
  } else {
    log.error("a first message could not be answered", {}, error);
    outbox.send({ type: "error", message: "The lab could not take this on because of an internal error." });
    outbox.close(INTERNAL_ERROR);
  }
}

/** Runs of this process, and of earlier ones. */
export interface KnownRuns {
  runs: Pick<Runs, "list" | "get">;
  archive: Pick<RunArchive, "list" | "find">;
}

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
    onLosses: (messages) => outbox.sendLosses(messages),
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
