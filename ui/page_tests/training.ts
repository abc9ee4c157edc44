import assert from "node:assert/strict";
import { eventually } from "../testing/eventually.ts";
import { field, fillSettings, tabTo } from "../testing/controls.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import {
  abortTraining,
  button,
  curvePicture,
  ENDLESS,
  QUICK,
  startTraining,
  statusBecomes,
  stepsDone,
  stepsPass,
  trainToEnd,
} from "../testing/training_page.ts";

const pageTest = setUpPageTests();

pageTest("a model with the same settings is kept or overwritten, as the user chooses", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await trainToEnd(page, QUICK);
  const before = await lab.models();
  assert.equal(before.length, 1);

  const dialog = page.getByRole("dialog", { name: "You already have this model" });
  await button(page, "Start Training").click();
  await dialog.getByRole("button", { name: "Keep existing" }).click();
  await statusBecomes(page, /existing model was kept\. Nothing was trained/);
  assert.deepEqual(await lab.models(), before);

  await button(page, "Start Training").click();
  await dialog.getByRole("button", { name: "Overwrite" }).click();
  await statusBecomes(page, /^Done/);
  const after = await lab.models();
  assert.equal(after.length, 1);
  assert.notEqual(after[0].id, before[0].id);
});

pageTest("Abort ends a training run and stores nothing", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await stepsPass(page, 20);
  await button(page, "Abort").click();
  await statusBecomes(page, /aborted.*No model was stored/i);
  assert(!(await lab.models()).some((model) => model.num_epochs === 200));
  assert(await button(page, "Start Training").isEnabled());
});

pageTest("Continue resumes an aborted training, even on a page that is opened later", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await stepsPass(page, 20);
  await button(page, "Abort").click();
  await statusBecomes(page, /aborted.*can continue where it stopped/i);
  const steps = await stepsDone(page);
  await button(page, "Continue").click();
  await stepsPass(page, steps);
  await button(page, "Abort").click();
  await statusBecomes(page, /can continue where it stopped/i);

  await page.goto(lab.trainingUrl);
  await button(page, "Continue").click();
  await stepsPass(page, steps + 20);
  await abortTraining(page);
});

pageTest(
  "after a training run, its curve and history can be downloaded and its model trained further",
  async (lab, page) => {
    await page.goto(`${lab.trainingUrl}?epochs=1`);
    await trainToEnd(page, { ...QUICK, "Hidden layers": "12" });
    for (
      const [name, type] of [["Curve as a picture", "image/svg+xml"], ["History as a table", "text/csv; charset=utf-8"]]
    ) {
      const address = await page.getByRole("link", { name }).evaluate((link) => (link as HTMLAnchorElement).href);
      const reply = await fetch(address);
      assert.equal(reply.headers.get("content-type"), type);
      await reply.body?.cancel();
    }
    const [first] = await lab.models();
    await button(page, "Train further").click();
    await eventually(async () => assert.equal((await lab.models())[0].started_from, first.id), 30_000);
  },
);

pageTest("a reload during a training run finds it again with its history", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await stepsPass(page, 100);
  const steps = await stepsDone(page);
  const log = await page.getByRole("log").innerText();
  const [run] = await lab.runs();

  await page.reload();
  await statusBecomes(page, /^Training: epoch \d+ of 200/);
  assert(await stepsDone(page) >= steps);
  assert((await page.getByRole("log").innerText()).startsWith(log));
  const curve = await curvePicture(page);
  await eventually(async () => assert.notEqual(await curvePicture(page), curve, "the curve never changes"));
  assert.equal(await field(page, "Hidden layers").inputValue(), ENDLESS["Hidden layers"]);
  await stepsPass(page, steps + 20);

  await abortTraining(page);
  const [ended] = await lab.runs();
  assert.equal(ended.id, run.id);
  assert.equal(ended.state, "aborted");
});

pageTest("an invalid field says what is wrong, and nothing starts until it is fixed", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  const cases = [
    { settings: { "Epochs": "0" }, complaint: "Epochs must be a whole number from 1 to 200." },
    { settings: { "Batch size": "2049" }, complaint: "Batch size must be a whole number from 1 to 2048." },
    {
      settings: { "Learning rate": "fast" },
      complaint: "Learning rate must be a number greater than 0 and at most 1.",
    },
    {
      settings: { "Hidden layers": "128, wide" },
      complaint: "Hidden layers must be whole numbers from 1 to 2048, separated by commas.",
    },
  ];
  const runs = await lab.runs();
  for (const { settings, complaint } of cases) {
    await fillSettings(page, QUICK);
    await eventually(async () => assert(await button(page, "Start Training").isEnabled()));
    await fillSettings(page, settings);
    await page.getByText(complaint, { exact: true }).waitFor();
    assert(await button(page, "Start Training").isDisabled());
    await page.keyboard.press("Enter");
  }
  await fillSettings(page, QUICK);
  assert.equal(await page.locator("[aria-invalid=true]").count(), 0);
  assert.deepEqual(await lab.runs(), runs);
});

pageTest("a training run can be set up, started and aborted with the keyboard alone", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await button(page, "Start Training").waitFor();
  const type = async (name: string, text: string) => {
    await tabTo(page, name);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  };
  await type("Hidden layers", "256, 32");
  await tabTo(page, "Optimizer");
  await page.keyboard.press("s");
  await type("Epochs", "200");
  await tabTo(page, "Start Training");
  await page.keyboard.press("Enter");
  await stepsPass(page, 0);
  const [{ config }] = await lab.runs();
  assert.deepEqual([config.hidden_layers_config, config.optimizer, config.num_epochs], [[256, 32], "SGD", 200]);

  await tabTo(page, "Abort");
  await page.keyboard.press("Space");
  await statusBecomes(page, /aborted/i);
});
