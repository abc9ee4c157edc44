/** The table of stored models on the training page, as a user finds it. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

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
