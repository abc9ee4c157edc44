import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { fillSettings } from "../testing/controls.ts";
import { digitBecomes, DIGITS, drawByMouse, prediction } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { button, QUICK, statusBecomes, trainToEnd } from "../testing/training_page.ts";

const pageTest = setUpPageTests();

const SETTINGS = { ...QUICK, "Hidden layers": "128", "Optimizer": "SGD", "Learning rate": "0.02", "Batch size": "64" };

/** Waits until the drawing page says that a model matching `words` answers. */
async function answersAs(page: Page, words: RegExp): Promise<void> {
  await eventually(async () => assert.match(await page.getByText(/^Using model_/).innerText(), words));
}

pageTest("further settings are trained with, and find the model on the drawing page", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await trainToEnd(page, SETTINGS);
  await page.getByText("More settings").click();
  for (const [name, option] of [["Activation", "tanh"], ["Schedule", "cosine"]]) {
    await page.getByLabel(name, { exact: true }).selectOption(option);
  }
  for (const [name, text] of [["Momentum", "0,9"], ["Weight decay", "0.001"], ["Label smoothing", "0.05"]]) {
    await page.getByLabel(name, { exact: true }).fill(text);
  }
  assert.equal(await page.getByLabel("Betas", { exact: true }).count(), 0, "which SGD does not have");
  await page.getByLabel("Seed", { exact: true }).fill("1");
  await button(page, "Start Training").click();
  await eventually(async () => assert.equal((await lab.models()).length, 2), 30_000);
  await statusBecomes(page, /^Done/);
  const [special, plain] = await lab.models();
  const { activation, lr_schedule, momentum, weight_decay, label_smoothing } = special;
  assert.deepEqual(
    { activation, lr_schedule, momentum, weight_decay, label_smoothing },
    { activation: "tanh", lr_schedule: "cosine", momentum: 0.9, weight_decay: 0.001, label_smoothing: 0.05 },
  );

  // The link in the header carries the settings and no id.
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Draw" }).click();
  await answersAs(page, new RegExp(`${special.id} .*activation tanh, schedule cosine, momentum 0\\.9, weight decay`));
  assert.doesNotMatch(page.url(), /[?&]model_id/);
  await drawByMouse(page, DIGITS[7]);
  await digitBecomes(page, "7");
  await page.reload();
  await answersAs(page, new RegExp(special.id));

  // Usual values count, too, once they are named, and a field of another page's link is corrected or ignored here.
  const basics = "model_type=SimpleNN&hidden_layers_config=128&optimizer=SGD&learning_rate=0.02&batch_size=64&epochs=1";
  await page.goto(`${lab.inferenceUrl}/?${basics}&activation=relu&momentum=0`);
  await answersAs(page, new RegExp(plain.id));
  await page.goto(`${lab.inferenceUrl}/?${basics}&momentum=0.5&lr_schedule=cosine`);
  await prediction(page).getByText("Model not trained yet.").waitFor();
  const row = page.getByRole("row", { name: /^Momentum/ });
  assert.match(await row.innerText(), /^Momentum\s+0\.5\s+0\.9$/);
  await page.getByRole("link", { name: "Train this configuration" }).click();
  assert.equal(await page.getByLabel("Momentum", { exact: true }).inputValue(), "0.5");
  await page.goBack();
  await button(page, "Ignore these").click();
  await answersAs(page, new RegExp(special.accuracy >= plain.accuracy ? special.id : plain.id));
  await fillSettings(page, { "Epochs": "2" });
  await prediction(page).getByText("Model not trained yet.").waitFor();
});
