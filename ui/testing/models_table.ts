/** The table of stored models as a user finds it on the training page. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

export function modelsRegion(page: Page): Locator {
  return page.getByRole("region", { name: "Stored models" });
}

/** Cells of the column called `title` on the page of the table that is shown, from the top. */
export async function columnTexts(page: Page, title: string): Promise<string[]> {
  return await modelsRegion(page).locator(`[data-title="${title}"]`).allInnerTexts();
}

export async function columnBecomes(page: Page, title: string, texts: readonly string[]): Promise<void> {
  await eventually(async () => assert.deepEqual(await columnTexts(page, title), texts));
}

/** The row of the model whose description holds `words`. */
export function rowOf(page: Page, words: string): Locator {
  return modelsRegion(page).getByRole("row").filter({
    has: page.getByRole("checkbox", { name: `Select ${words}` }),
  });
}

export async function openMenu(page: Page, words: string): Promise<Locator> {
  const row = rowOf(page, words);
  await row.locator("summary").click();
  return row;
}
