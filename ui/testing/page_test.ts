/**
 * `Deno.test` for pages. All page tests of a process share one lab and one Chromium; each test is a fresh visitor, and
 * each file starts with an empty lab.
 */
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { CHROMIUM, openChromium } from "./chromium.ts";
import { type Lab, startLab } from "./lab.ts";
import { emptyLab } from "./stored_models.ts";

/** How long Playwright waits for anything, in ms: long enough for a busy machine. */
const PATIENCE_MS = 10_000;

/** A test of a page: what a visitor does, and what the page then shows. */
export type PageTest = (lab: Lab, page: Page) => Promise<void>;

let lab: Lab | undefined;
let browser: Browser | undefined;
/** Number of the file that ran last, and the number of files so far. */
let lastFile = 0, files = 0;

if (CHROMIUM !== undefined) {
  Deno.test.beforeAll(async () => {
    await Promise.all([
      startLab().then((started) => lab = started),
      openChromium().then((opened) => browser = opened),
    ]);
  });
  Deno.test.afterAll(async () => {
    await browser?.close();
    await lab?.close();
  });
}

/**
 * Call once per file; the function it returns declares a test. Tests of a file build on the models of earlier ones. A
 * test also fails when a page logs an error or breaks its content security policy. Without Chromium all tests are
 * ignored.
 */
export function setUpPageTests(): (name: string, test: PageTest, visitor?: BrowserContextOptions) => void {
  const file = ++files;
  return (name, test, visitor) =>
    Deno.test({
      name,
      ignore: CHROMIUM === undefined,
      // Browser and lab outlive the test.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        if (file !== lastFile) await emptyLab(lab!);
        lastFile = file;
        await visit(test, visitor);
      },
    });
}

async function visit(test: PageTest, visitor?: BrowserContextOptions): Promise<void> {
  // Nobody watches, so frames of a transition would be wasted work.
  const context = await browser!.newContext({ reducedMotion: "reduce", ...visitor });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = listenForComplaints(page);
  try {
    await test(lab!, page);
    assert.deepEqual(complaints, []);
  } catch (error) {
    // Often the reason why a test waits in vain.
    for (const complaint of complaints) console.error(`${page.url()} complains: ${complaint}`);
    throw error;
  } finally {
    await context.close();
  }
}

/** Collects what a page complains about: uncaught errors, and the console's, where policy violations appear. */
function listenForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    // A missing model or a refused file is a normal answer, but the browser logs it as an error.
    if (url.endsWith("/predict") && message.text().includes("404")) return;
    // So is a deleted model, with its weights, and a model that a test keeps from being deleted.
    if (/\/api\/models\/[^/]+$/.test(url)) return;
    if (url.endsWith("/model.safetensors") && message.text().includes("404")) return;
    if (url.endsWith("/api/models") && /40[09]/.test(message.text())) return;
    // So is the page that asks for a token.
    if (new URL(url).searchParams.has("token") && message.text().includes("401")) return;
    complaints.push(`${message.text()} (${url})`);
  });
  return complaints;
}
