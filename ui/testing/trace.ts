/** What the page's main thread did, as Chromium's tracing tells. */
import type { Browser, Page } from "playwright-core";

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds, by the clock and of the thread's processor time. */
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

export interface MainThread {
  /** The longest task, in ms of processor time: what others do on the machine is no part of it. */
  longestTaskMs: number;
  /** The same task by the clock. */
  longestWallMs: number;
  tasks: number;
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
  const tasksOf = (pid: number, tid: number) =>
    traceEvents.filter((event) =>
      event.name === "RunTask" && event.ph === "X" && event.pid === pid && event.tid === tid && event.tdur !== undefined
    );
  // Other renderers (a spare one, a closed page's) hardly do anything.
  const tasks = threads.map(({ pid, tid }) => tasksOf(pid, tid)).sort((a, b) => b.length - a.length)[0] ?? [];
  const longest = tasks.reduce((longest, task) => task.tdur! > longest.tdur! ? task : longest, tasks[0]);
  return {
    longestTaskMs: (longest?.tdur ?? 0) / 1000,
    longestWallMs: (longest?.dur ?? 0) / 1000,
    tasks: tasks.length,
    busyMs: tasks.reduce((sum, { tdur }) => sum + tdur!, 0) / 1000,
  };
}
