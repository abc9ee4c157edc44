import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { eventually } from "../testing/eventually.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { field, fillSettings } from "../testing/controls.ts";
import {
  abortTraining,
  button,
  curvePicture,
  ENDLESS,
  QUICK,
  startTraining,
  statusBecomes,
  stepsPass,
  trainToEnd,
} from "../testing/training_page.ts";

const pageTest = setUpPageTests();

/** The value of the figure called `name`. */
async function figure(page: Page, name: string): Promise<string> {
  return await page.locator(".figures div").filter({ hasText: name }).locator("dd").innerText();
}

async function epochRows(page: Page): Promise<string[][]> {
  const rows = page.getByRole("region", { name: "Numbers of each epoch" }).locator("tbody tr");
  return await rows.evaluateAll((rows) =>
    rows.map((row) => Array.from((row as HTMLTableRowElement).cells, (cell) => cell.innerText))
  );
}

const openTable = (page: Page) => page.locator("summary").filter({ hasText: "Numbers of each epoch" }).click();

pageTest(
  "a run shows its device, speed and accuracies and describes both curves; a second tab and a reload show the same",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, { ...QUICK, "Epochs": "3", "Hidden layers": "20" });
    const [record] = await lab.models();
    assert.equal(await figure(page, "Device"), "CPU (WASM)");
    await openTable(page);
    const rows = await epochRows(page);
    assert.deepEqual(rows.map(([epoch]) => epoch), ["1", "2", "3"]);
    assert.equal(rows[2][2], `${record.accuracy.toFixed(2)} %`);
    const told = await page.locator("#curve-summary").innerText();
    assert.match(
      told,
      /^In 354 steps the loss fell from 2\.\d\d to \d\.\d+\. Test accuracy went from .* after epoch 3/,
    );

    // The mean over the run, not the speed of its last steps.
    const speed = await figure(page, "Images/s (mean)");
    const perSecond = Number(speed.replaceAll(",", ""));
    const [run] = await lab.runs();
    assert.equal(perSecond, run.images_per_second);
    assert(perSecond >= 3 * 60_000 / record.training_time, "evaluation and start-up count as training");

    const sameAgain = async (other: Page) => {
      await statusBecomes(other, /^Done/);
      await openTable(other);
      assert.deepEqual(await epochRows(other), rows);
      assert.equal(await other.locator("#curve-summary").innerText(), told);
      assert.equal(await figure(other, "Images/s (mean)"), speed);
      assert.equal(await figure(other, "Device"), "CPU (WASM)");
    };
    const second = await page.context().newPage();
    await second.goto(page.url());
    await sameAgain(second);
    await page.reload();
    await sameAgain(page);
  },
);

pageTest("a second tab finds a training run in progress with the accuracies of its past epochs", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, { ...ENDLESS, "Hidden layers": "64", "Batch size": "512" });
  await openTableOnceThere(page, 2);
  const first = (await epochRows(page)).slice(0, 2);
  const second = await page.context().newPage();
  await second.goto(lab.trainingUrl);
  await openTableOnceThere(second, 2);
  assert.deepEqual((await epochRows(second)).slice(0, 2), first);
  const progress = second.getByRole("progressbar", { name: "Progress of the epoch" });
  assert.equal(await progress.getAttribute("max"), "118");
  await eventually(async () => assert.match(await figure(second, "Time left"), /^\d/));
  await button(second, "Abort").click();
  await statusBecomes(page, /aborted/i);
  await eventually(async () => assert.equal(await figure(page, "Time left"), "–"));
});

async function openTableOnceThere(page: Page, rows: number): Promise<void> {
  await page.locator("summary").filter({ hasText: "Numbers of each epoch" }).click({ timeout: 30_000 });
  await eventually(async () => assert((await epochRows(page)).length >= rows), 30_000);
}

pageTest("smoothing and scale change the curve at once, and are remembered", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await trainToEnd(page, { ...QUICK, "Hidden layers": "24" });
  const smoothing = page.getByRole("slider", { name: "Smoothing" });
  const logScale = page.getByRole("checkbox", { name: "Log scale" });
  const settled = async () => {
    let picture = await curvePicture(page);
    await eventually(async () => {
      const before = picture;
      picture = await curvePicture(page);
      assert.equal(picture, before);
    });
    return picture;
  };
  const plain = await settled();
  await smoothing.focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowRight");
  await eventually(async () => assert.equal(await smoothing.getAttribute("aria-valuetext"), "last 15 % of the run"));
  await eventually(async () => assert.notEqual(await curvePicture(page), plain));
  const smooth = await settled();
  await logScale.check();
  await eventually(async () => assert.notEqual(await curvePicture(page), smooth));

  await page.reload();
  await statusBecomes(page, /^Done/);
  assert.equal(await smoothing.inputValue(), "15");
  assert(await logScale.isChecked());
});

pageTest(
  "a preset fills the form; the address reproduces it, with seed, dropout and device",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    const accurate = page.getByRole("button", { name: /^Accurate/ });
    await accurate.click();
    await eventually(async () => assert.equal(await accurate.getAttribute("aria-pressed"), "true"));
    await page.getByText("421,642 parameters · 4,690 steps").waitFor();
    await page.getByText("784 → 32 × 14 × 14 → 64 × 7 × 7 → 128 → 10").waitFor();
    await page.getByText("More settings").click();
    await page.getByLabel("Seed", { exact: true }).fill("17");
    await page.getByLabel("Device", { exact: true }).selectOption("wasm");
    await page.getByLabel("Dropout probability", { exact: true }).fill("0.45");
    await fillSettings(page, { "Hidden layers": "32", "Epochs": "1", "Batch size": "256" });
    await eventually(() => assert.match(page.url(), /batch_size=256.*dropout_p=0\.45.*seed=17.*device=wasm/));

    const other = await page.context().newPage();
    await other.goto(page.url());
    assert.equal(await other.getByLabel("Seed", { exact: true }).inputValue(), "17");
    assert.equal(await other.getByLabel("Device", { exact: true }).inputValue(), "wasm");
    assert.equal(await other.getByLabel("Dropout probability", { exact: true }).inputValue(), "0.45");
    assert.equal(await field(other, "Model type").inputValue(), "ConvNN");
    await button(other, "Start Training").click();
    await stepsPass(other, 0);
    const [{ config }] = await lab.runs();
    assert.deepEqual(
      [config.model_type, config.hidden_layers_config, config.dropout_p, config.seed, config.device],
      ["ConvNN", [32], 0.45, 17, "wasm"],
    );
    await abortTraining(other);
  },
);

pageTest(
  "before a training run starts, the page names an exact duplicate, or the nearest model and its differences",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, { ...QUICK, "Hidden layers": "28" });
    const [record] = await lab.models();
    const note = page.locator(".nearby");
    await eventually(async () => assert.match(await note.innerText(), /^You already have this model/));
    await fillSettings(page, { "Epochs": "2", "Batch size": "500" });
    await eventually(async () =>
      assert.match(await note.innerText(), /^Similar model: batch size 512 and 1 epoch instead, \d/)
    );
    const address = await note.getByRole("link").getAttribute("href");
    assert.match(address!, new RegExp(`model_id=${record.id}`));
    await fillSettings(page, { "Optimizer": "SGD", "Learning rate": "0.5", "Model type": "ConvNN" });
    await eventually(async () => assert.equal(await note.count(), 0));
  },
);
