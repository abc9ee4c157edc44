/**
 * Serves the pages of a lab, and a training run that sends losses at any rate, and measures what a page's main thread
 * does with them.
 */
import type { Browser, Page } from "playwright-core";
import type { LossMessage } from "../../protocol/mod.ts";

/** A server that streams losses. */
export interface LossesServer {
  url: string;
  /** Messages sent so far. */
  sent(): number;
  close(): Promise<void>;
}

/** What to send over each socket. */
export interface LossStream {
  /** Number of losses, each in its own message. */
  count: number;
  perSecond: number;
}

const TICK_MS = 5;

/**
 * Passes requests on to the service at `origin`, except for sockets. Over each socket it sends `count` losses, then the
 * end of a run that stored no model, so that there is nothing to analyse.
 */
export function serveLosses(origin: string, { count, perSecond }: LossStream): LossesServer {
  let sent = 0;
  const stream = (socket: WebSocket) => {
    const say = (message: object) => socket.send(JSON.stringify(message));
    socket.onmessage = () => {
      say({ type: "accepted", run_id: "streamed", total_steps: count });
      const began = performance.now();
      const timer = setInterval(() => {
        if (socket.readyState !== WebSocket.OPEN) return clearInterval(timer);
        const due = Math.min(count, Math.floor((performance.now() - began) / 1000 * perSecond));
        while (sent < due) say(lossOf(++sent, count));
        if (sent < count) return;
        clearInterval(timer);
        say({ type: "aborted", message: "All losses are sent." });
        socket.close(1000);
      }, TICK_MS);
    };
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      const { pathname, search } = new URL(request.url);
      return fetch(`${origin}${pathname}${search}`);
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    stream(socket);
    return response;
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, sent: () => sent, close: () => server.shutdown() };
}

/** A loss that falls noisily, as in a real training. */
function lossOf(step: number, count: number): LossMessage {
  const noise = Math.abs(Math.sin(step * 12.9898) * 43758.5453) % 1;
  return {
    type: "loss",
    step,
    loss: Number((0.05 + 2.25 * Math.exp(-6 * step / count) + 0.2 * noise).toFixed(6)),
    epoch: 1 + Math.floor((step - 1) / count * 5),
    total_steps: count,
    images_per_second: 200_000 + step % 1000,
    mean_images_per_second: 200_000,
    seconds_left: (count - step) / 1000,
  };
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Start and duration by the clock, and processor time of the thread, in µs. */
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** Sums over the tasks of a main thread. */
export interface MainThread {
  /** The longest task, in ms of processor time, which other programs do not lengthen. */
  longestTaskMs: number;
  /** The same task by the clock, in ms. */
  longestWallMs: number;
  tasks: number;
  /** Tasks that made a frame: its scripts, layout and paint. */
  frames: number;
  /** These tasks together, in ms of processor time. */
  framesMs: number;
  /** All tasks together, in ms of processor time. */
  busyMs: number;
}

/** Traces `page` while `action` runs. */
export async function traceMainThread(browser: Browser, page: Page, action: () => Promise<void>): Promise<MainThread> {
  await browser.startTracing(page, {
    categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  let trace: { traceEvents: TraceEvent[] };
  try {
    await action();
  } finally {
    trace = JSON.parse(new TextDecoder().decode(await browser.stopTracing()));
  }
  const { traceEvents } = trace;
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const eventsOf = (pid: number, tid: number, name: string) =>
    traceEvents.filter((event) =>
      event.name === name && event.ph === "X" && event.pid === pid && event.tid === tid && event.tdur !== undefined
    );
  // Other renderers (a spare one, or that of a closed page) hardly do anything.
  const [main] = threads
    .map(({ pid, tid }) => ({ tasks: eventsOf(pid, tid, "RunTask"), commits: eventsOf(pid, tid, "Commit") }))
    .sort((a, b) => b.tasks.length - a.tasks.length);
  const tasks = main?.tasks ?? [], commits = main?.commits ?? [];
  const frames = tasks.filter(({ ts, dur = 0 }) => commits.some((commit) => commit.ts >= ts && commit.ts < ts + dur));
  const sum = (events: TraceEvent[]) => events.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
  const longest = tasks.reduce((longest, task) => task.tdur! > longest.tdur! ? task : longest, tasks[0]);
  return {
    longestTaskMs: (longest?.tdur ?? 0) / 1000,
    longestWallMs: (longest?.dur ?? 0) / 1000,
    tasks: tasks.length,
    frames: frames.length,
    framesMs: sum(frames),
    busyMs: sum(tasks),
  };
}
