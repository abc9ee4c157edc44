/** The controls of the pages as a user finds them: fields by their labels, the focus by Tab. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

/** Texts and choices of fields. */
export interface Settings {
  "Model type"?: string;
  "Hidden layers"?: string;
  "Use dropout"?: boolean;
  "Optimizer"?: string;
  "Learning rate"?: string;
  "Learning rate range"?: string;
  "Epochs"?: string;
  "Batch size"?: string;
}

type Name = keyof Settings;

const CHOICES: readonly Name[] = ["Model type", "Optimizer", "Learning rate range"];

/** Fills in the given fields. */
export async function fillSettings(page: Page, settings: Settings): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    const control = field(page, name as Name);
    if (typeof value === "boolean") await control.setChecked(value);
    else if (CHOICES.includes(name as Name)) await control.selectOption(value);
    else await control.fill(value);
  }
}

/** What the named fields contain. */
export async function readSettings(page: Page, names: readonly Name[]): Promise<Settings> {
  const values = await Promise.all(names.map((name) => {
    const control = field(page, name);
    return name === "Use dropout" ? control.isChecked() : control.inputValue();
  }));
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

/** A field by its label. */
export function field(page: Page, name: Name): Locator {
  return page.getByLabel(name, { exact: true });
}

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
