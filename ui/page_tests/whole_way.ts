import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { chooseWhere, clear, digitBecomes, DIGITS, drawByMouse, predict, prediction } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { fillSettings, readSettings, tabTo } from "../testing/controls.ts";
import { button, startTraining, statusBecomes } from "../testing/training_page.ts";

const pageTest = setUpPageTests();

pageTest("a user gets from the form and a live curve to a model that recognises drawn digits", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  const steps = await collectTexts(page, "Step [\\d,]+ of 2,814");
  const means = await collectTexts(page, "Running mean[\\d.]+");
  await startTraining(page, {
    "Model type": "SimpleNN",
    "Hidden layers": "128",
    "Optimizer": "Adam",
    "Learning rate": "0.001",
    "Epochs": "3",
    "Batch size": "64",
  });
  await statusBecomes(page, /^Done\. The model recognises 9[5-9]\.\d\d % of the test digits/);
  for (const shown of [await steps(), await means()]) {
    assert(shown.length > 2, `the page did not follow the training, it showed only ${shown.join(", ") || "nothing"}`);
  }

  await page.getByRole("link", { name: "Test this model" }).click();
  await page.waitForURL(`${lab.inferenceUrl}/?**`);
  const [{ id }] = await lab.models();
  await page.getByText(id).first().waitFor();

  for (const where of ["In this browser", "On the server"] as const) {
    await chooseWhere(page, where);
    for (const [digit, stroke] of Object.entries(DIGITS)) {
      await clear(page);
      await drawByMouse(page, stroke);
      await predict(page);
      await digitBecomes(page, digit);
    }
  }
});

pageTest(
  "the keyboard alone leads from the settings and a training run to the answer to a drawn digit",
  async (lab, page) => {
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
  },
);

for (const where of ["In this browser", "On the server"] as const) {
  pageTest(`a miss leads to the training page with every field filled in (${where})`, async (lab, page) => {
    await page.goto(lab.inferenceUrl);
    await chooseWhere(page, where);
    const wanted = {
      "Model type": "ConvNN",
      "Hidden layers": "50, 20",
      "Use dropout": true,
      "Optimizer": "RMSprop",
      "Learning rate range": "High",
      "Epochs": "3",
      "Batch size": "100",
    };
    await fillSettings(page, wanted);
    await drawByMouse(page, DIGITS[1]);
    await predict(page);
    await page.getByText("Model not trained yet").waitFor();
    await digitBecomes(page, "None");

    await page.getByRole("link", { name: "Train this configuration" }).click();
    await page.waitForURL(`${lab.trainingUrl}/?**`);
    const filled = { ...wanted, "Learning rate": "0.0055" };
    await button(page, "Start Training").waitFor();
    assert.deepEqual(await readSettings(page, Object.keys(filled) as (keyof typeof filled)[]), filled);
  });
}

pageTest("neither page scrolls sideways on a phone", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await button(page, "Start Training").waitFor();
  await fitsItsWidth(page);
  await fillSettings(page, { "Epochs": "none", "Hidden layers": "2048, 2048, 2048, 2048, 2048, 2048, 2048, 2048, 9" });
  await fitsItsWidth(page);

  await page.goto(lab.inferenceUrl);
  await button(page, "Predict").waitFor();
  await fitsItsWidth(page);
  await chooseWhere(page, "On the server");
  await fillSettings(page, { "Model type": "ConvNN", "Hidden layers": "2048, 2048, 2048, 2048, 2048, 2048, 2048" });
  await drawByMouse(page, DIGITS[0]);
  await predict(page);
  await prediction(page).getByText("Model not trained yet").waitFor();
  await fitsItsWidth(page);
}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

/** Collects the distinct texts matching `pattern` that the page shows from now on. Call the result to get them. */
async function collectTexts(page: Page, pattern: string): Promise<() => Promise<string[]>> {
  const handle = await page.evaluateHandle((pattern) => {
    const seen = new Set<string>();
    const look = () => document.body.innerText.match(new RegExp(pattern))?.forEach((text) => seen.add(text));
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    return seen;
  }, pattern);
  return () => handle.evaluate((seen) => [...seen]);
}

async function fitsItsWidth(page: Page): Promise<void> {
  await eventually(async () => {
    const { content, screen } = await page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      screen: document.documentElement.clientWidth,
    }));
    assert(content <= screen, `${page.url()} is ${content} px wide on a screen of ${screen}`);
    assert.equal(screen, 390);
  }, 1000);
}
