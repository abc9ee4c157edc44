/** Measures what a page's main thread does, with Chromium's tracing. */
import type { Browser, Page } from "playwright-core";

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
