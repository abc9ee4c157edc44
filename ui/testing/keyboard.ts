/** What a user does without a mouse. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** Presses Tab until the element called `name` has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await focusedName(page) === name) return;
  }
  assert.fail(`Tab does not reach ${name}`);
}

/** The name of the element with the focus: its own label, that of its field, or its text. */
export async function focusedName(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement)) return undefined;
    const label = "labels" in element ? (element.labels as NodeListOf<HTMLElement> | null)?.[0] : undefined;
    return element.getAttribute("aria-label") ?? (label ?? element).innerText.trim();
  });
}
