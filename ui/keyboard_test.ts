import assert from "node:assert/strict";
import { digitBecomes } from "./testing/drawing_page.ts";
import { eventually } from "./testing/eventually.ts";
import { tabTo } from "./testing/keyboard.ts";
import { setUpPageTests } from "./testing/page_test_setup.ts";
import { readSettings } from "./testing/settings.ts";
import { statusBecomes } from "./testing/training_page.ts";

const pageTest = setUpPageTests();

pageTest("by keyboard alone from the settings over a training to the answer to a drawn digit", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  const { keyboard } = page;
  for (const [name, value] of [["Hidden layers", "64"], ["Epochs", "1"], ["Batch size", "64"]]) {
    await tabTo(page, name);
    await keyboard.press("Control+A");
    await keyboard.type(value);
  }
  const wanted = { "Hidden layers": "64", "Epochs": "1", "Batch size": "64" } as const;
  assert.deepEqual(await readSettings(page, Object.keys(wanted) as (keyof typeof wanted)[]), wanted);
  await tabTo(page, "Start Training");
  await keyboard.press("Enter");
  await statusBecomes(page, /^Done/);

  await tabTo(page, "Test this model");
  await keyboard.press("Enter");
  await page.waitForURL(`${lab.inferenceUrl}/?**`);
  await tabTo(page, "Drawing canvas");
  const cursor = page.locator("[data-cursor]");
  await eventually(async () => assert.equal(await cursor.innerText(), "Row 7, column 14, blank"));
  await keyboard.down("Shift");
  for (let row = 0; row < 14; row++) await keyboard.press("ArrowDown");
  await keyboard.up("Shift");
  await digitBecomes(page, "1");
});
