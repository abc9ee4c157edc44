/** What a user does with the small pad beside the curve. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Stroke } from "./drawing_page.ts";
import { eventually } from "./eventually.ts";

/** Side of the paper, in the units of `Stroke`. */
const PAPER_SIDE = 280;

export function probePad(page: Page) {
  return page.getByRole("application", { name: "Your digit" });
}

export async function drawOnProbe(page: Page, stroke: Stroke): Promise<void> {
  const pad = probePad(page);
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  assert(box, "the pad is not shown");
  const [first, ...others] = stroke.map((
    [x, y],
  ): [number, number] => [box.x + x / PAPER_SIDE * box.width, box.y + y / PAPER_SIDE * box.height]);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const point of others) await page.mouse.move(...point);
  await page.mouse.up();
}

export async function probeSays(page: Page, words: RegExp): Promise<void> {
  const status = page.getByRole("status", { name: "Your digit's answer" });
  await eventually(async () => assert.match(await status.innerText(), words), 30_000);
}

/** The ten bars, 0 to 1. */
export async function probeBars(page: Page): Promise<number[]> {
  const bars = page.getByRole("list", { name: "What the network thinks your digit is" }).locator("[style*=scaleX]");
  return await bars.evaluateAll((elements) =>
    elements.map((element) => Number(/scaleX\((.+)\)/.exec((element as HTMLElement).style.transform)?.[1]))
  );
}
