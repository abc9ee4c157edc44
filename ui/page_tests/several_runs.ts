import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { DIGITS } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import {
  abortTraining,
  button,
  drawOnLivePad,
  ENDLESS,
  livePad,
  livePadSays,
  modelsRegion,
  QUICK,
  startTraining,
  statusBecomes,
  stepsDone,
  stepsPass,
  trainToEnd,
} from "../testing/training_page.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { fillSettings } from "../testing/controls.ts";

const pageTest = setUpPageTests();

const laptop = { viewport: { width: 1280, height: 800 } };

/** A run in one of the lists beside the run that is shown. */
function other(page: Page, list: "Other training runs" | "Trained before") {
  return page.getByRole("list", { name: list }).getByRole("listitem");
}

pageTest("Start leaves the pad in view, and while a training runs the curves, too", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await drawOnLivePad(page, DIGITS[7]);
  await fillSettings(page, ENDLESS);
  for (const scrolled of [0, 400]) {
    await page.evaluate((scrolled) => scrollTo(0, scrolled), scrolled);
    if (scrolled > 0) await button(page, "Abort").click();
    if (scrolled > 0) await statusBecomes(page, /aborted/i);
    await button(page, "Start Training").click();
    await livePadSays(page, /^So far/);
    for (const name of ["Loss", "Test accuracy", "Your digit"]) {
      const box = (await page.getByRole("region", { name, exact: true }).boundingBox())!;
      assert(box.y >= 0 && box.y + box.height <= 800, `${name}: ${JSON.stringify(box)} after ${scrolled} px`);
    }
  }
  await abortTraining(page);
}, laptop);

pageTest("while many training runs wait, the curves and the pad stay in view", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await stepsPass(page, 10);
  for (let waiting = 1; waiting <= 6; waiting++) {
    await startTraining(page, { ...ENDLESS, "Hidden layers": `${20 + waiting}` });
    await statusBecomes(page, new RegExp(`position ${waiting} in the queue`));
  }
  await page.getByRole("button", { name: /^Show SimpleNN \(512, 512\)/ }).click();
  await statusBecomes(page, /^Training: epoch/);
  await eventually(async () => assert.equal(await other(page, "Other training runs").count(), 6));
  const top = (await page.getByRole("status", { name: "Training status" }).boundingBox())!.y;
  for (const name of ["Loss", "Test accuracy", "Your digit"]) {
    const { y, height } = (await page.getByRole("region", { name, exact: true }).boundingBox())!;
    assert(y + height - top <= 800, `${name} ends ${y + height - top} px below the top of the status`);
  }
  for (let waiting = 0; waiting < 6; waiting++) {
    await abortTraining(page);
    await other(page, "Other training runs").first().getByRole("button").click();
  }
  await abortTraining(page);
}, laptop);

pageTest("on a phone, Start brings a drawing on the pad into view", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await drawOnLivePad(page, DIGITS[7]);
  await startTraining(page, ENDLESS);
  await eventually(async () => {
    const { y, height } = (await livePad(page).boundingBox())!;
    assert(y >= 0 && y + height <= 844, `the pad is at ${y}`);
  });
  await abortTraining(page);
}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

pageTest(
  "after Keep existing, the page leads on to the kept model, its curve, or a new training",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, QUICK);
    const [{ id }] = await lab.models();
    await button(page, "Start Training").click();
    await button(page, "Keep existing").click();
    await statusBecomes(page, /was kept.*change a setting and start again/);
    const test = page.getByRole("link", { name: "Test this model" });
    assert.match((await test.getAttribute("href"))!, new RegExp(`model_id=${id}&`));
    await page.getByRole("region", { name: "What it has learned" }).waitFor();
    await other(page, "Trained before").getByText(/^Done/).waitFor();

    await page.reload();
    await statusBecomes(page, /was kept/);
    await test.waitFor();
    await button(page, "Train again and replace it").click();
    await statusBecomes(page, /^Done/);
    const after = await lab.models();
    assert.equal(after.length, 1);
    assert.notEqual(after[0].id, id);
  },
);

pageTest(
  "a page that trains can queue another training run and show either, and a reload finds both",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await startTraining(page, ENDLESS);
    await stepsPass(page, 10);
    assert(await button(page, "Start Training").isDisabled(), "a second press would queue the same training");
    await fillSettings(page, { ...QUICK, "Hidden layers": "22" });
    await page.getByText("The next one waits until it is done.").waitFor();
    await button(page, "Start Training").click();
    await statusBecomes(page, /position 1 in the queue/);
    await other(page, "Other training runs").getByText(/^Training: epoch \d+ of 200/).waitFor();

    await page.getByRole("button", { name: /^Show SimpleNN \(512, 512\)/ }).click();
    await statusBecomes(page, /^Training: epoch \d+ of 200/);
    await other(page, "Other training runs").getByText(/position 1 in the queue/).waitFor();
    await page.reload();
    await statusBecomes(page, /^Training: epoch \d+ of 200/);
    await other(page, "Other training runs").getByText(/position 1 in the queue/).waitFor();
    await button(page, "Abort").click();
    await other(page, "Trained before").getByText(/^Done/).waitFor();
    // The table has heard of it, too.
    await modelsRegion(page).getByText("22", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^Show SimpleNN \(22\)/ }).click();
    await statusBecomes(page, /^Done/);
  },
);

pageTest("a page that is already open finds another page's training", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await button(page, "Start Training").waitFor();
  const second = await page.context().newPage();
  await second.goto(lab.trainingUrl);
  await startTraining(second, ENDLESS);
  await stepsPass(second, 10);
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await other(page, "Other training runs").getByText(/^Training/).waitFor();
  await abortTraining(second);
});

pageTest(
  "a model trained further counts all its epochs, has no duplicate, and the earlier curve is kept",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, { ...QUICK, "Hidden layers": "23" });
    const [first] = await lab.models();
    await button(page, "Train further").click();
    await eventually(async () => assert.equal((await lab.models())[0].started_from, first.id), 30_000);
    const [further] = await lab.models();
    assert.deepEqual([first.num_epochs, further.num_epochs], [1, 2]);

    await page.reload();
    await other(page, "Trained before").getByText(/^Done/).waitFor();
    await page.getByRole("button", { name: /^Show SimpleNN \(23\)/ }).click();
    await eventually(() => assert.match(page.url(), new RegExp(`run=${first.run_id}`)));
    await statusBecomes(page, /^Done/);
    assert.equal(await stepsDone(page), 118);

    await fillSettings(page, { "Epochs": "2" });
    await eventually(async () =>
      assert.match(await page.locator(".nearby").innerText(), /^Similar model: trained further instead/)
    );
    await button(page, "Start Training").click();
    await statusBecomes(page, /^Done/);
    assert.equal(await page.getByRole("dialog").count(), 0, "two epochs at once are another model");
  },
);

pageTest("the analysis of a model disappears when another training run starts", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, { ...QUICK, "Hidden layers": "24" });
  const analysis = page.getByRole("region", { name: "What it has learned" });
  await analysis.waitFor();
  await startTraining(page, ENDLESS);
  await stepsPass(page, 10);
  await abortTraining(page);
  assert.equal(await analysis.count(), 0);
  assert.doesNotMatch(page.url(), /analysis=/);
});
