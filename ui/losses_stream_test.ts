/** Ten thousand losses, each in a message of its own, at the speed at which no training sends them. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { serveLosses } from "./testing/losses_server.ts";
import { setUpPageTests } from "./testing/page_test_setup.ts";
import { traceMainThread } from "./testing/trace.ts";
import { startTraining, statusBecomes, stepsDone, trainingStatus } from "./testing/training_page.ts";

const pageTest = setUpPageTests();

const LOSSES = { count: 10_000, perSecond: 2000 };
const FRAME_MS = 1000 / 60;
const LONGEST_TASK_MS = 50;
/** Load on the machine only ever slows a stream down: the best of so many is nearest to what the page needs. */
const TRIES = 4;

interface Measured {
  framesPerSecond: number;
  medianMs: number;
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

function isSmooth({ medianMs, framesPerSecond, longestTaskMs }: Measured): boolean {
  return medianMs < FRAME_MS * 1.05 && framesPerSecond > 57 && longestTaskMs < LONGEST_TASK_MS;
}

async function follow(page: Page, url: string): Promise<Measured> {
  await page.goto(url);
  let frames: number[] = [];
  const trace = await traceMainThread(page.context().browser()!, page, async () => {
    const recording = recordFrames(page);
    await startTraining(page, { "Epochs": "5" });
    await statusBecomes(page, /^Done/);
    frames = await recording();
  });
  assert.match(await trainingStatus(page), /97\.00 %/);
  assert.equal(await stepsDone(page), LOSSES.count);
  assert(trace.tasks > 1000, `the trace saw only ${trace.tasks} tasks`);
  const sorted = frames.toSorted((a, b) => a - b);
  const medianMs = sorted[sorted.length >> 1];
  const seconds = frames.reduce((sum, ms) => sum + ms, 0) / 1000;
  const framesPerSecond = frames.length / seconds;
  console.log(
    `${LOSSES.count} losses in ${seconds.toFixed(1)} s: ${framesPerSecond.toFixed(1)} frames per second ` +
      `(median ${medianMs.toFixed(1)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms); main thread busy for ` +
      `${trace.busyMs.toFixed(0)} ms in ${trace.tasks} tasks, longest task ${trace.longestTaskMs.toFixed(1)} ms of ` +
      `processor time (${trace.longestWallMs.toFixed(1)} ms by the clock)`,
  );
  return { framesPerSecond, medianMs, longestTaskMs: trace.longestTaskMs };
}

/** Times between frames, in ms, while losses come in: from the first to the last step. */
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
