/** Streams ten thousand losses, each in its own message, faster than any training run sends them. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { serveLosses, traceMainThread } from "./testing/losses_stream.ts";
import { setUpPageTests } from "./testing/page_test.ts";
import { button, startTraining, statusBecomes, stepsDone } from "./testing/training_page.ts";

const pageTest = setUpPageTests();

const LOSSES = { count: 10_000, perSecond: 2000 };
const FRAME_MS = 1000 / 60;
const LONGEST_TASK_MS = 50;
/** The best of several tries counts, because load on the machine only ever slows the page down. */
const TRIES = 3;

interface Measured {
  /** Median time between two frames by the clock, in ms. */
  medianMs: number;
  /** Whether the load exceeded the number of cores before the page started. */
  isShared: boolean;
  /** Processor time of a frame and of the messages that come in a 60th of a second, in ms. */
  frameMs: number;
  longestTaskMs: number;
}

pageTest("10,000 losses stream in at 60 frames per second, without a task of 50 ms", async (lab, page) => {
  const measured: Measured[] = [];
  while (measured.length < TRIES && !measured.some(isSmooth)) {
    const server = serveLosses(lab.trainingUrl, LOSSES);
    try {
      measured.push(await follow(page, server.url));
      assert.equal(server.sent(), LOSSES.count);
    } finally {
      await page.goto("about:blank");
      await server.close();
    }
  }
  assert(measured.some(isSmooth), `never smooth: ${JSON.stringify(measured)}`);
});

/** On a shared machine the clock measures the other programs too; only processor time measures the page. */
function isSmooth({ medianMs, isShared, frameMs, longestTaskMs }: Measured): boolean {
  return frameMs < FRAME_MS && longestTaskMs < LONGEST_TASK_MS && (isShared || medianMs < FRAME_MS * 1.05);
}

async function follow(page: Page, url: string): Promise<Measured> {
  await page.goto(url);
  await button(page, "Start Training").waitFor();
  const [load] = Deno.loadavg();
  const isShared = load > navigator.hardwareConcurrency;
  let frames: number[] = [];
  const trace = await traceMainThread(page.context().browser()!, page, async () => {
    const recording = recordFrames(page);
    await startTraining(page, { "Epochs": "5" });
    frames = await recording();
  });
  // Not earlier, because polling would be work for the page.
  await statusBecomes(page, /^All losses are sent/);
  assert.equal(await stepsDone(page), LOSSES.count);
  assert(trace.tasks > 1000 && trace.frames > 10, `the trace saw only ${trace.tasks} tasks, ${trace.frames} frames`);
  const seconds = sum(frames) / 1000;
  const ticks = LOSSES.count / LOSSES.perSecond * 60;
  const medianMs = median(frames), { longestTaskMs } = trace;
  const frameMs = trace.framesMs / trace.frames + (trace.busyMs - trace.framesMs) / ticks;
  console.log(
    `${LOSSES.count} losses in ${seconds.toFixed(1)} s: ${(frames.length / seconds).toFixed(1)} frames per second, ` +
      `${medianMs.toFixed(1)} ms between two (median; longest ${Math.max(...frames).toFixed(1)} ms) ` +
      `at a load of ${load.toFixed(1)} before. Processor time of the main thread: ${frameMs.toFixed(1)} ms of each ` +
      `60th of a second, longest task ${longestTaskMs.toFixed(1)} ms (${trace.longestWallMs.toFixed(1)} by the clock).`,
  );
  return { medianMs, isShared, frameMs, longestTaskMs };
}

/** Records the times between frames, in ms, from the first step to the last. */
function recordFrames(page: Page): () => Promise<number[]> {
  const recording = page.evaluate((last) =>
    new Promise<number[]>((resolve) => {
      const progress = document.querySelector("progress")!;
      const times: number[] = [];
      const frame = (now: number) => {
        if (progress.value > 0) times.push(now);
        if (progress.value < last) return void requestAnimationFrame(frame);
        resolve(times.slice(1).map((time, i) => time - times[i]));
      };
      requestAnimationFrame(frame);
    }), LOSSES.count);
  return () => recording;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
