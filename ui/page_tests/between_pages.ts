import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { clear, digitBecomes, DIGITS, drawByMouse, predict, prediction } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { fillSettings, focusedName, readSettings } from "../testing/controls.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { readerModel } from "../testing/stored_models.ts";
import {
  abortTraining,
  button,
  drawOnLivePad,
  ENDLESS,
  livePadSays,
  QUICK,
  startTraining,
  statusBecomes,
  stepsPass,
  trainToEnd,
} from "../testing/training_page.ts";

const pageTest = setUpPageTests();

/** Follows a link in the header. */
async function visit(page: Page, name: "Train" | "Draw"): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
  await button(page, name === "Train" ? "Start Training" : "Predict").waitFor();
}

pageTest("a page without any model says so, and Predict leads to a training run", async (lab, page) => {
  await page.goto(lab.inferenceUrl);
  await predict(page);
  await prediction(page).getByText("You have no model at all.").waitFor();
  assert.doesNotMatch(await prediction(page).innerText(), /Draw a digit/);
  await drawByMouse(page, DIGITS[7]);
  await prediction(page).getByText("Train one: your drawing waits here.").waitFor();
  await predict(page);
  await eventually(async () => assert.equal(await focusedName(page), "Train this configuration"));
});

pageTest("the training page's settings survive a visit to the drawing page", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await fillSettings(page, { "Learning rate": "0,002", "Epochs": "7", "Use dropout": true });
  await page.getByLabel("Dropout probability", { exact: true }).fill("0.45");
  await page.getByText("More settings").click();
  await page.getByLabel("Seed", { exact: true }).fill("17");
  await visit(page, "Draw");
  await page.reload();
  await visit(page, "Train");
  const seenAgain = async () => {
    assert.deepEqual(await readSettings(page, ["Learning rate", "Epochs"]), {
      "Learning rate": "0.002",
      "Epochs": "7",
    });
    assert.equal(await page.getByLabel("Dropout probability", { exact: true }).inputValue(), "0.45");
    assert.equal(await page.getByLabel("Seed", { exact: true }).inputValue(), "17");
  };
  await seenAgain();
  await visit(page, "Draw");
  await page.getByRole("link", { name: "Train this configuration" }).click();
  await button(page, "Start Training").waitFor();
  await seenAgain();
});

pageTest("both pages are found again as they were left for the page for programs", async (lab, page) => {
  await page.goto(`${lab.trainingUrl}?learning_rate=0.002&seed=17&momentum=0.9&optimizer=SGD`);
  const seenAgain = async () => {
    assert.equal((await readSettings(page, ["Learning rate"]))["Learning rate"], "0.002");
    for (const [name, text] of [["Seed", "17"], ["Momentum", "0.9"]]) {
      assert.equal(await page.getByLabel(name, { exact: true }).inputValue(), text);
    }
  };
  const programs = page.getByRole("link", { name: "For programs (API)" });
  await programs.click();
  await page.getByRole("heading", { name: "In short" }).waitFor();
  await programs.click();
  await visit(page, "Train");
  await seenAgain();
  await programs.click();
  await page.getByRole("heading", { name: "In short" }).waitFor();
  await visit(page, "Draw");
  await fillSettings(page, { "Epochs": "3" });
  await programs.click();
  await page.getByRole("heading", { name: "In short" }).waitFor();
  await visit(page, "Draw");
  assert.deepEqual(await readSettings(page, ["Epochs"]), { "Epochs": "3" });
  await visit(page, "Train");
  await seenAgain();
});

pageTest("the exact rate stays until its range is changed, and other changes are kept", async (lab, page) => {
  await page.goto(`${lab.trainingUrl}?learning_rate=0.002`);
  await visit(page, "Draw");
  await fillSettings(page, { "Epochs": "3" });
  await visit(page, "Train");
  assert.deepEqual(await readSettings(page, ["Learning rate", "Epochs"]), { "Learning rate": "0.002", "Epochs": "3" });
  await visit(page, "Draw");
  await fillSettings(page, { "Learning rate range": "Low" });
  await visit(page, "Train");
  assert.equal((await readSettings(page, ["Learning rate"]))["Learning rate"], "0.000055");
});

pageTest("Back and the links in the header lead to the finished run", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await trainToEnd(page, { ...QUICK, "Learning rate": "0.002" });
  await page.getByRole("link", { name: "Test this model" }).click();
  await button(page, "Predict").waitFor();
  await page.goBack();
  await statusBecomes(page, /^Done/);
  await visit(page, "Train");
  await statusBecomes(page, /^Done/);
  await visit(page, "Draw");
  await visit(page, "Train");
  await statusBecomes(page, /^Done/);
  assert.equal((await readSettings(page, ["Learning rate"]))["Learning rate"], "0.002");
});

pageTest("Back to the drawing page finds a model that was stored meanwhile", async (lab, page) => {
  await page.goto(`${lab.inferenceUrl}/?batch_size=512&hidden_layers_config=12&epochs=1&learning_rate=0.001`);
  await prediction(page).getByText("Model not trained yet").waitFor();
  await drawByMouse(page, DIGITS[1]);
  await page.getByRole("link", { name: "Train this configuration" }).click();
  await button(page, "Start Training").click();
  await statusBecomes(page, /^Done/);
  await page.goBack();
  // Its drawing is there and is answered.
  await eventually(async () => assert.match(await prediction(page).innerText(), /^\d/));
});

pageTest("during a training run the link to the drawing page leads to a stored model, and back", async (lab, page) => {
  await readerModel(lab);
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await stepsPass(page, 10);
  await visit(page, "Draw");
  await drawByMouse(page, DIGITS[7]);
  await digitBecomes(page, "7");
  await visit(page, "Train");
  await statusBecomes(page, /^Training: epoch \d+ of 200/);
  assert.deepEqual(await readSettings(page, ["Hidden layers", "Epochs"]), {
    "Hidden layers": "512, 512",
    "Epochs": "200",
  });
  await abortTraining(page);
});

pageTest("a drawing survives a reload and a visit to the other page", async (lab, page) => {
  await page.goto(`${lab.inferenceUrl}/?model_id=${await readerModel(lab)}`);
  await drawByMouse(page, DIGITS[7]);
  await digitBecomes(page, "7");
  await page.reload();
  await digitBecomes(page, "7");
  await visit(page, "Train");
  await drawOnLivePad(page, DIGITS[1]);
  await visit(page, "Draw");
  await digitBecomes(page, "7");
  await clear(page);
  await page.reload();
  await prediction(page).getByText("Draw a digit.").waitFor();
  await visit(page, "Train");
  await eventually(async () => {
    assert(await button(page, "Clear your digit").isEnabled(), "the drawing on the small pad is gone");
  });
  await startTraining(page, { ...QUICK, "Hidden layers": "21" });
  await livePadSays(page, /^The trained network thinks/);
});

pageTest("without a matching model, Predict leads to the nearest one", async (lab, page) => {
  await readerModel(lab);
  for (const search of ["epochs=77", "learning_rate=0.5"]) {
    await page.goto(`${lab.inferenceUrl}/?${search}&hidden_layers_config=128`);
    await clear(page);
    await drawByMouse(page, DIGITS[7]);
    await prediction(page).getByText("Train it, or use your nearest model.").waitFor();
    await predict(page);
    await eventually(async () => assert.equal(await focusedName(page), "Use the nearest model"));
    await page.keyboard.press("Enter");
    await digitBecomes(page, "7");
  }
});
