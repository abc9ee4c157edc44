/** What a user does on the training page. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { eventually } from "./eventually.ts";
import { fillSettings, type Settings } from "./settings.ts";

/** Trains in a second. */
export const QUICK: Settings = {
  "Model type": "SimpleNN",
  "Hidden layers": "16",
  "Optimizer": "Adam",
  "Learning rate": "0.001",
  "Epochs": "1",
  "Batch size": "512",
};

/** Goes on for as long as a test can take. */
export const ENDLESS: Settings = { ...QUICK, "Hidden layers": "512, 512", "Epochs": "200", "Batch size": "64" };

export async function startTraining(page: Page, settings: Settings): Promise<void> {
  await fillSettings(page, settings);
  await button(page, "Start Training").click();
}

export function button(page: Page, name: string) {
  return page.getByRole("button", { name, exact: true });
}

export async function trainingStatus(page: Page): Promise<string> {
  return await page.getByRole("status", { name: "Training status" }).innerText();
}

export async function statusBecomes(page: Page, words: RegExp): Promise<void> {
  await eventually(async () => assert.match(await trainingStatus(page), words), 30_000);
}

/** Steps done, as the page tells them; 0 before the first. */
export async function stepsDone(page: Page): Promise<number> {
  const text = await page.getByText(/^Step [\d,]+ of [\d,]+$|^No steps yet$/).innerText();
  return Number(text.match(/[\d,]+/)?.[0].replaceAll(",", "") ?? 0);
}

/** Waits until more than `steps` are done, at most `ms`. */
export async function stepsPass(page: Page, steps: number, ms?: number): Promise<void> {
  await eventually(async () => assert(await stepsDone(page) > steps, `no more than ${steps} steps were done`), ms);
}

/** The loss curve as it is painted; two pictures compare by their text. */
export async function curvePicture(page: Page): Promise<string> {
  const canvas = page.getByRole("img", { name: "Loss curve" }).locator("canvas");
  return await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}
