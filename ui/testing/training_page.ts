/** What a user does and sees on the training page. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { drawByMouse, type Stroke } from "./drawing_page.ts";
import { eventually } from "./eventually.ts";
import { fillSettings, type Settings } from "./controls.ts";

/** Trains in a second. */
export const QUICK: Settings = {
  "Model type": "SimpleNN",
  "Hidden layers": "16",
  "Optimizer": "Adam",
  "Learning rate": "0.001",
  "Epochs": "1",
  "Batch size": "512",
};

/** Trains for longer than any test takes. */
export const ENDLESS: Settings = { ...QUICK, "Hidden layers": "512, 512", "Epochs": "200", "Batch size": "64" };

/** Fills in the fields and presses Start Training. */
export async function startTraining(page: Page, settings: Settings): Promise<void> {
  await fillSettings(page, settings);
  await button(page, "Start Training").click();
}

/** Trains a model to the end, with the settings filled in. */
export async function trainToEnd(page: Page, settings: Settings): Promise<void> {
  await startTraining(page, settings);
  await statusBecomes(page, /^Done/);
}

/** Presses Abort and waits until the training has ended. */
export async function abortTraining(page: Page): Promise<void> {
  await button(page, "Abort").click();
  await statusBecomes(page, /aborted/i);
}

/** A button, by its full name. */
export function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

/** The text of the status region. */
export async function trainingStatus(page: Page): Promise<string> {
  return await page.getByRole("status", { name: "Training status" }).innerText();
}

/** Waits until the status matches `words`. */
export async function statusBecomes(page: Page, words: RegExp): Promise<void> {
  await eventually(async () => assert.match(await trainingStatus(page), words), 30_000);
}

/** Steps done, as the page shows them; 0 before the first. */
export async function stepsDone(page: Page): Promise<number> {
  const text = await page.getByText(/^Step [\d,]+ of [\d,]+$|^No steps yet$/).innerText();
  return Number(text.match(/[\d,]+/)?.[0].replaceAll(",", "") ?? 0);
}

/** Waits up to `ms` until more than `steps` are done. */
export async function stepsPass(page: Page, steps: number, ms?: number): Promise<void> {
  await eventually(async () => assert(await stepsDone(page) > steps, `no more than ${steps} steps were done`), ms);
}

/** The painted loss curve as a data URL. */
export async function curvePicture(page: Page): Promise<string> {
  const canvas = page.getByRole("img", { name: "Loss curve" }).locator("canvas");
  return await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}

/** The small pad beside the curves. */
export function livePad(page: Page): Locator {
  return page.getByRole("application", { name: "Your digit" });
}

/** Draws a stroke on the small pad. */
export async function drawOnLivePad(page: Page, stroke: Stroke): Promise<void> {
  await drawByMouse(page, stroke, livePad(page));
}

/** Waits until the answer beside the small pad matches `words`. */
export async function livePadSays(page: Page, words: RegExp): Promise<void> {
  const status = page.getByRole("status", { name: "Your digit's answer" });
  await eventually(async () => assert.match(await status.innerText(), words), 30_000);
}

/** The ten bars beside the small pad, 0 to 1. */
export async function livePadBars(page: Page): Promise<number[]> {
  const bars = page.getByRole("list", { name: "What the network thinks your digit is" }).locator("[style*=scaleX]");
  return await bars.evaluateAll((elements) =>
    elements.map((element) => Number(/scaleX\((.+)\)/.exec((element as HTMLElement).style.transform)?.[1]))
  );
}

/** The card with the table. */
export function modelsRegion(page: Page): Locator {
  return page.getByRole("region", { name: "Stored models" });
}

/** The cells of the column called `title`, from the top, on the current page of the table. */
export async function columnTexts(page: Page, title: string): Promise<string[]> {
  return await modelsRegion(page).locator(`[data-title="${title}"]`).allInnerTexts();
}

/** Waits until the column called `title` holds `texts`. */
export async function columnBecomes(page: Page, title: string, texts: readonly string[]): Promise<void> {
  await eventually(async () => assert.deepEqual(await columnTexts(page, title), texts));
}

/** The row of the model whose description starts with `words`. */
export function rowOf(page: Page, words: string): Locator {
  return modelsRegion(page).getByRole("row").filter({
    has: page.getByRole("checkbox", { name: `Select ${words}` }),
  });
}

/** Opens the menu of that row and returns the row. */
export async function openMenu(page: Page, words: string): Promise<Locator> {
  const row = rowOf(page, words);
  await row.locator("summary").click();
  return row;
}
