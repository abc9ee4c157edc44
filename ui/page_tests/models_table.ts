import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Locator, Page } from "playwright-core";
import type { ModelRecord } from "../../protocol/mod.ts";
import { chooseWhere, DIGITS, drawByMouse, predict, prediction } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { focusedName, readSettings } from "../testing/controls.ts";
import type { Lab } from "../testing/lab.ts";
import { button, columnBecomes, columnTexts, modelsRegion, openMenu, rowOf } from "../testing/training_page.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { putModels, trainModel } from "../testing/stored_models.ts";

const pageTest = setUpPageTests();

/** Oldest first; the table shows the newest first. */
const MODELS: readonly Partial<ModelRecord>[] = [
  { optimizer: "SGD", learning_rate: 0.1, accuracy: 91 },
  { optimizer: "Adam", learning_rate: 0.001, accuracy: 97 },
  { optimizer: "RMSprop", learning_rate: 0.01, accuracy: 94, model_type: "ConvNN", hidden_layers_config: [] },
];

async function visit(lab: Lab, page: Page, query = ""): Promise<void> {
  await putModels(lab, MODELS);
  await page.goto(`${lab.trainingUrl}/${query}`);
  await modelsRegion(page).getByRole("table").waitFor();
}

const head = (page: Page, title: string) => modelsRegion(page).getByRole("columnheader", { name: title });

pageTest(
  "a click on a column head sorts, a second click reverses the order, and a reload keeps it",
  async (lab, page) => {
    await visit(lab, page, "?epochs=7");
    await columnBecomes(page, "Optimizer", ["RMSprop", "Adam", "SGD"]);
    await button(page, "Test accuracy").click();
    await columnBecomes(page, "Test accuracy", ["97.00 %", "94.00 %", "91.00 %"]);
    assert.equal(await head(page, "Test accuracy").getAttribute("aria-sort"), "descending");
    assert.equal(await head(page, "Stored").getAttribute("aria-sort"), null);
    await page.keyboard.press("Enter");
    await columnBecomes(page, "Test accuracy", ["91.00 %", "94.00 %", "97.00 %"]);
    assert.equal(await head(page, "Test accuracy").getAttribute("aria-sort"), "ascending");

    await page.reload();
    await columnBecomes(page, "Test accuracy", ["91.00 %", "94.00 %", "97.00 %"]);
    assert.deepEqual(await readSettings(page, ["Epochs"]), { "Epochs": "7" });
  },
);

pageTest("words and choices filter the table, and the page says how many models are left", async (lab, page) => {
  await visit(lab, page);
  const shown = modelsRegion(page).getByRole("status", { name: "Models shown" });
  await page.getByLabel("Find", { exact: true }).fill("convnn");
  await columnBecomes(page, "Optimizer", ["RMSprop"]);
  assert.equal(await shown.innerText(), "1 of 3 models");
  await page.getByLabel("Find", { exact: true }).fill("");
  await page.getByLabel("Show type").selectOption("SimpleNN");
  await columnBecomes(page, "Optimizer", ["Adam", "SGD"]);
  const options = await page.getByLabel("Show optimizer").locator("option").allInnerTexts();
  assert.deepEqual(options.slice(0, 5), ["All", "Adam (1)", "SGD (1)", "RMSprop (0)", "AdamW (0)"]);
  await page.getByLabel("Show optimizer").selectOption("RMSprop");
  await modelsRegion(page).getByText("No model fits").waitFor();
  await button(page, "Show all").click();
  await columnBecomes(page, "Optimizer", ["RMSprop", "Adam", "SGD"]);
  assert.equal(await focusedName(page), "Find");
});

pageTest("a long table has pages", async (lab, page) => {
  await putModels(lab, Array.from({ length: 30 }, (_, i) => ({ batch_size: i + 1 })));
  await page.goto(lab.trainingUrl);
  await eventually(async () => assert.equal((await columnTexts(page, "Batch size")).length, 25));
  await button(page, "Next").click();
  await columnBecomes(page, "Batch size", ["5", "4", "3", "2", "1"]);
  await modelsRegion(page).getByText("26–30 of 30").waitFor();
  assert(await button(page, "Next").isDisabled());
  assert.equal(await focusedName(page), "Next", "the focus stays on Next on the last page");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await modelsRegion(page).getByText("1–25 of 30").waitFor();
});

pageTest(
  "Delete removes the row, Undo restores it by mouse and by keyboard, and no request is sent",
  async (lab, page) => {
    await visit(lab, page);
    const deletions: string[] = [];
    page.on("request", (request) => request.method() === "DELETE" && deletions.push(request.url()));
    const row = await openMenu(page, "SimpleNN (8), Adam");
    await row.getByRole("button", { name: "Delete" }).click();
    await columnBecomes(page, "Optimizer", ["RMSprop", "SGD"]);
    const toast = page.getByRole("status", { name: "Deleted models" });
    assert.match(await toast.innerText(), /Deleted: SimpleNN \(8\), Adam/);
    await eventually(async () => assert.match(await focusedName(page) ?? "", /^Select SimpleNN \(8\), SGD/));

    await page.keyboard.press("Control+z");
    await columnBecomes(page, "Optimizer", ["RMSprop", "Adam", "SGD"]);
    await eventually(async () => assert.match(await focusedName(page) ?? "", /^Select SimpleNN \(8\), Adam/));
    assert.equal((await toast.innerText()).trim(), "");

    for (
      const box of await modelsRegion(page).getByRole("checkbox", { name: /^Select (Simple|Conv)/ }).all()
    ) await box.check();
    await button(page, "Delete selected").click();
    await modelsRegion(page).getByText("None yet").waitFor();
    await toast.getByText("3 models deleted").waitFor();
    await eventually(async () => assert.equal(await focusedName(page), "Stored models"));
    await button(page, "Undo").focus();
    await page.keyboard.press("Enter");
    await columnBecomes(page, "Optimizer", ["RMSprop", "Adam", "SGD"]);
    assert.deepEqual(deletions, []);
    assert.equal((await lab.models()).length, 3);
  },
);

pageTest(
  "a deletion reaches the lab when the time to undo is over, but not while Undo has the focus",
  async (lab, page) => {
    await page.clock.install();
    await visit(lab, page);
    const row = await openMenu(page, "SimpleNN (8), SGD");
    await row.getByRole("button", { name: "Delete" }).click();
    await button(page, "Undo").focus();
    await page.clock.runFor(20_000);
    assert.equal((await lab.models()).length, 3, "it did not wait while Undo had the focus");
    await page.getByLabel("Find", { exact: true }).focus();
    await page.clock.runFor(9000);
    await eventually(async () => assert.equal((await lab.models()).length, 2));
    assert(!(await lab.models()).some(({ optimizer }) => optimizer === "SGD"));
    await page.reload();
    await columnBecomes(page, "Optimizer", ["RMSprop", "Adam"]);
  },
);

pageTest("leaving the page carries out pending deletions, even of a whole page of the table", async (lab, page) => {
  // Ids as long as real ones: browsers limit the bytes that a page may send while the user leaves it.
  const models = Array.from({ length: 26 }, (_, i) => `model_simplenn_rmsprop_${1_700_000_000 + i}`);
  await putModels(lab, models.map((id) => ({ id, filename: `${id}.pth` })));
  await page.goto(lab.trainingUrl);
  const all = page.getByRole("checkbox", { name: "Select all rows shown" });
  await all.check();
  await button(page, "Next").click();
  await all.check();
  await modelsRegion(page).getByText("25 deleted at once").waitFor();
  assert(await button(page, "Delete selected").isDisabled());
  await all.uncheck();
  await button(page, "Delete selected").click();
  await columnBecomes(page, "Optimizer", ["Adam"]);
  assert.equal((await lab.models()).length, 26);
  await page.goto(lab.inferenceUrl);
  await eventually(async () => assert.deepEqual((await lab.models()).map(({ id }) => id), [models[0]]));
});

pageTest("a model that could not be deleted comes back with the reason", async (lab, page) => {
  await page.clock.install();
  await visit(lab, page);
  await page.route("**/api/models/*", (route) => route.abort());
  const row = await openMenu(page, "SimpleNN (8), SGD");
  await row.getByRole("button", { name: "Delete" }).click();
  await columnBecomes(page, "Optimizer", ["RMSprop", "Adam"]);
  await page.clock.runFor(9000);
  await columnBecomes(page, "Optimizer", ["RMSprop", "Adam", "SGD"]);
  await page.getByText(/could not be deleted and is in the list again\. The lab could not be reached/).waitFor();
});

pageTest(
  "the table updates when the window gets the focus",
  async (lab, page) => {
    await visit(lab, page);
    const [newest] = await lab.models();
    await remove(lab, newest.id);
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await columnBecomes(page, "Optimizer", ["Adam", "SGD"]);
  },
);

pageTest("the menu of a row works by keyboard, and Escape or a click elsewhere closes it", async (lab, page) => {
  await visit(lab, page);
  const summary = rowOf(page, "ConvNN").locator("summary");
  const use = rowOf(page, "ConvNN").getByRole("button", { name: "Use these settings" });
  await summary.focus();
  await page.keyboard.press("Enter");
  await use.waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focusedName(page), "Analysis");
  await page.keyboard.press("Escape");
  await use.waitFor({ state: "hidden" });
  assert.match(await focusedName(page) ?? "", /^More about ConvNN/);
  await summary.click();
  await use.waitFor();
  await page.getByRole("heading", { name: "Stored models" }).click();
  await use.waitFor({ state: "hidden" });
});

pageTest("Use these settings fills the form with the settings of a model", async (lab, page) => {
  await visit(lab, page);
  const row = await openMenu(page, "ConvNN");
  await row.getByRole("button", { name: "Use these settings" }).click();
  const settings = { "Model type": "ConvNN", "Hidden layers": "", "Optimizer": "RMSprop", "Learning rate": "0.01" };
  await eventually(async () =>
    assert.deepEqual(await readSettings(page, Object.keys(settings) as (keyof typeof settings)[]), settings)
  );
  assert.equal(await page.evaluate(() => document.activeElement?.id), "model-type");
});

pageTest(
  "selected models are compared: all curves in one chart, and only the settings that differ",
  async (lab, page) => {
    await visit(lab, page);
    const quick = {
      model_type: "SimpleNN",
      num_epochs: 2,
      batch_size: 512,
      hidden_layers_config: [16],
      seed: 1,
    } as const;
    for (const [optimizer, learning_rate] of [["Adam", 0.001], ["SGD", 0.1]] as const) {
      await trainModel(lab, { ...quick, hidden_layers_config: [16], optimizer, learning_rate });
    }
    await page.reload();
    await modelsRegion(page).getByRole("table").waitFor();
    await rowOf(page, "SimpleNN (16), Adam").getByRole("checkbox").check();
    assert(await button(page, "Compare").isDisabled());
    await rowOf(page, "SimpleNN (16), SGD").getByRole("checkbox").check();
    await rowOf(page, "ConvNN").getByRole("checkbox").check();
    await button(page, "Compare").click();

    const comparison = page.getByRole("region", { name: "3 models compared" });
    await comparison.getByText(/^C ConvNN \(no hidden layers\).*No history of its training is kept/s).waitFor();
    await eventually(async () => assert.equal(await focusedName(page), "3 models compared"));
    const [loss, accuracy] = ["How wrong they were", "How often they are right"].map((name) =>
      comparison.getByRole("img", { name })
    );
    assert.match(
      (await accuracy.getAttribute("aria-label"))!,
      /rate 0\.001.*: ends at 9\d.*; .*rate 0\.1.*: ends at 9\d/,
    );
    for (const chart of [loss, accuracy]) {
      const colours = await paintedColours(chart);
      for (const series of [1, 2]) {
        assert(colours[series] > 100, `curve ${series} is painted on ${colours[series]} pixels`);
      }
      assert.equal(colours[3], 0);
    }
    const places = () =>
      page.locator(".comparison h3, .comparison canvas").evaluateAll((all) =>
        all.map((each) => each.getBoundingClientRect().top + scrollY)
      );
    await comparison.getByText(/Epoch 2\.0: loss \d\.\d{3}, 9\d\.\d\d %/).first().waitFor();
    const before = await places();
    await loss.hover();
    await comparison.getByText(/Epoch [01]\.\d: loss \d\.\d{3}/).first().waitFor();
    assert.deepEqual(await places(), before, "the page jumps under the pointer");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.mouse.move(0, 0);
    const narrow = await places();
    await loss.hover();
    assert.deepEqual(await places(), narrow, "the page jumps on a phone");
    await page.setViewportSize({ width: 1280, height: 720 });

    const rows = await comparison.getByRole("row").allInnerTexts();
    const titles = rows.map((row) => row.split("\t")[0].trim());
    assert.deepEqual(titles.slice(1), [
      "Model type",
      "Hidden layers",
      "Optimizer",
      "Learning rate",
      "Batch size",
      "Epochs",
      "Test accuracy",
      "Training time",
    ]);

    await page.reload();
    await comparison.waitFor();
    await comparison.getByRole("button", { name: "Close" }).click();
    await comparison.waitFor({ state: "detached" });
    assert.equal(await focusedName(page), "Compare");
    await button(page, "Clear selection").click();
    await eventually(async () => assert.match(await focusedName(page) ?? "", /^Select ConvNN/));
  },
);

pageTest("on a phone, rows are cards with a sort field, and nothing overflows", async (lab, page) => {
  await visit(lab, page);
  await page.getByLabel("Sort by").selectOption("Test accuracy");
  await columnBecomes(page, "Test accuracy", ["97.00 %", "94.00 %", "91.00 %"]);
  await button(page, "Sorted descending, reverse").click();
  await columnBecomes(page, "Test accuracy", ["91.00 %", "94.00 %", "97.00 %"]);
  for (const box of await modelsRegion(page).getByRole("checkbox", { name: /^Select (Simple|Conv)/ }).all()) {
    await box.check();
  }
  await button(page, "Compare").click();
  await page.getByRole("region", { name: "3 models compared" }).waitFor();
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert(content <= screen, `${content} px on a screen of ${screen}`);
}, { viewport: { width: 360, height: 800 }, isMobile: true, hasTouch: true });

for (const where of ["In this browser", "On the server"] as const) {
  pageTest(
    `a drawing page whose model is deleted says so, and uses its settings instead (${where})`,
    async (lab, page) => {
      await visit(lab, page);
      const [{ id }] = await lab.models();
      const weights = page.waitForResponse(/model\.safetensors$/);
      await page.goto(`${lab.inferenceUrl}/?model_id=${id}`);
      await weights;
      await chooseWhere(page, where);
      await page.getByText(id).first().waitFor();
      await remove(lab, id);
      await drawByMouse(page, DIGITS[1]);
      if (where === "On the server") await predict(page);
      await prediction(page).getByText(`The model ${id} is no longer stored. The settings below decide instead.`)
        .waitFor();
      await page.getByText("The most accurate of your models with exactly these settings.").waitFor();
      assert.doesNotMatch(page.url(), /model_id/);
    },
  );
}

async function remove(lab: Lab, id: string): Promise<void> {
  assert.equal((await fetch(`${lab.trainingUrl}/api/models/${id}`, { method: "DELETE" })).status, 204);
}

/** How many pixels of a chart have about the colour of each series, `--series-1` and so on. */
async function paintedColours(chart: Locator): Promise<number[]> {
  return await chart.locator("canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const style = getComputedStyle(document.documentElement);
    return Array.from({ length: 7 }, (_, series) => {
      const hex = style.getPropertyValue(`--series-${series}`).trim();
      const rgb = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && rgb.every((value, channel) => Math.abs(data[i + channel] - value) < 12)) count++;
      }
      return count;
    });
  });
}

pageTest("a deletion in one tab reaches the table in another, and so does an import", async (lab, page) => {
  await putModels(lab, [{ hidden_layers_config: [31] }, { hidden_layers_config: [32], num_epochs: 3 }]);
  await page.goto(lab.trainingUrl);
  const second = await page.context().newPage();
  await second.goto(lab.trainingUrl);
  await columnBecomes(second, "Hidden layers", ["32", "31"]);
  await (await openMenu(page, "SimpleNN (31)")).getByRole("button", { name: "Delete" }).click();
  // As soon as it can no longer be undone.
  await eventually(async () => assert.deepEqual(await columnTexts(second, "Hidden layers"), ["32"]), 15_000);
  const file = await (await fetch(`${lab.trainingUrl}/api/models/put_1/model.pth`)).arrayBuffer();
  await second.getByLabel("Import a model").setInputFiles({
    name: "mine.pth",
    mimeType: "application/octet-stream",
    buffer: Buffer.from(file),
  });
  await eventually(async () => assert.equal((await columnTexts(page, "Hidden layers")).length, 2));
});
