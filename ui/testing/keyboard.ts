/** What a user does who has no mouse. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** Presses Tab until the focus is on what is called `name`. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await focusedName(page) === name) return;
  }
  assert.fail(`Tab does not lead to ${name}`);
}

/** What the element with the focus is called: by its own label, by that of its field, or by what stands on it. */
export async function focusedName(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement)) return undefined;
    const label = "labels" in element ? (element.labels as NodeListOf<HTMLElement> | null)?.[0] : undefined;
    return element.getAttribute("aria-label") ?? (label ?? element).innerText.trim();
  });
}
