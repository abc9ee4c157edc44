/**
 * Takes pictures of the pages in each state, width and colour scheme. Without arguments it takes windows for the
 * documentation, in `docs/images/`. For work on the pages, `--whole FOLDER` takes whole pages into another folder, and
 * `--only WORD` fewer of them.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { openChromium } from "../ui/testing/chromium.ts";
import { type Lab, startLab } from "../ui/testing/lab.ts";
import { LOCKED_STATE, PAGE_STATES, type PageState } from "../ui/testing/page_states.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";

const { whole, only, widths } = parseArgs({
  args: Deno.args,
  options: { whole: { type: "string" }, only: { type: "string" }, widths: { type: "string", default: "1280,390" } },
}).values;

const FOLDER = whole ?? join(PROJECT_DIR, "docs/images");
/** Heights of windows by width; other widths get a desktop's height. */
const HEIGHTS: Readonly<Record<number, number>> = { 390: 844, 360: 740 };
const DESKTOP_HEIGHT = 900;
const COLOURS = ["light", "dark"] as const;
/** Below this width the columns of the pages are stacked. */
const NARROW = 896;
/** Space above a part that is scrolled to. On a phone the drawing page's answer stays there. */
const MARGIN = 16, MARGIN_BELOW_ANSWER = 184;

async function main(): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const browser = await openChromium();
  try {
    await takeAll(browser, await startLab(), PAGE_STATES);
    await takeAll(browser, await startLab({ LAB_TOKEN: "a-long-word" }), [LOCKED_STATE]);
  } finally {
    await browser.close();
  }
}

async function takeAll(browser: Browser, lab: Lab, states: readonly PageState[]): Promise<void> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: DESKTOP_HEIGHT } });
  try {
    for (const state of states) {
      const page = await context.newPage();
      await state.open(lab, page);
      if (only === undefined || state.name.includes(only)) await takePictures(page, state);
      await state.close?.(page);
      await page.close();
    }
  } finally {
    await context.close();
    await lab.close();
  }
}

async function takePictures(page: Page, { name, part: everywhere, partWhenNarrow }: PageState): Promise<void> {
  for (const width of widths.split(",").map(Number)) {
    await page.setViewportSize({ width, height: HEIGHTS[width] ?? DESKTOP_HEIGHT });
    const isNarrow = width < NARROW;
    const part = isNarrow ? partWhenNarrow ?? everywhere : everywhere;
    const margin = isNarrow && name.startsWith("drawing") ? MARGIN_BELOW_ANSWER : MARGIN;
    for (const colorScheme of COLOURS) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(scrollToPart, { part: whole === undefined ? part : undefined, margin });
      const file = `${name}-${colorScheme}-${width}.png`;
      const picture = await page.screenshot({
        path: join(FOLDER, file),
        animations: "disabled",
        fullPage: whole !== undefined,
      });
      console.log(`${file}: ${Math.round(picture.length / 1000)} kB`);
    }
  }
}

/** Runs in the page. Two frames later everything is painted. */
function scrollToPart({ part, margin }: { part?: string; margin: number }): Promise<void> {
  const top = part === undefined ? 0 : document.querySelector(part)!.getBoundingClientRect().top + scrollY - margin;
  scrollTo({ top, behavior: "instant" });
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
}

await main();
