import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { DIGITS } from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import {
  abortTraining,
  button,
  drawOnLivePad,
  ENDLESS,
  livePad,
  livePadBars,
  livePadSays,
  openMenu,
  QUICK,
  startTraining,
  trainToEnd,
} from "../testing/training_page.ts";
import { putUntrainedModel } from "../testing/stored_models.ts";

const pageTest = setUpPageTests();

function analysis(page: Page) {
  return page.getByRole("region", { name: "What it has learned" });
}

pageTest("the small pad gets answers while a network trains and after it has trained", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await livePadSays(page, /^Nothing is drawn yet\.$/);
  await drawOnLivePad(page, DIGITS["7"]);
  await livePadSays(page, /^Start a training run/);
  await startTraining(page, ENDLESS);
  await livePadSays(page, /^So far, the network thinks it's a \d\.$/);
  const early = await livePadBars(page);
  await eventually(async () => assert.notDeepEqual(await livePadBars(page), early, "the answer never changes"));
  assert(Math.abs(early.reduce((a, b) => a + b) - 1) < 1e-3);
  await button(page, "Abort").click();
  await livePadSays(page, /^When it stopped, after [\d,]+ steps, the network thought it was a \d\.$/);

  await trainToEnd(page, { ...QUICK, "Hidden layers": "64", "Batch size": "64" });
  await livePadSays(page, /^The trained network thinks it's a 7\.$/);
  await button(page, "Clear your digit").click();
  await livePadSays(page, /^Nothing is drawn yet\.$/);
  await drawOnLivePad(page, DIGITS["0"]);
  await livePadSays(page, /^The trained network thinks it's a 0\.$/);
});

pageTest("the keyboard draws on the small pad too", async (lab, page) => {
  await page.goto(lab.trainingUrl);
  await startTraining(page, ENDLESS);
  await livePad(page).focus();
  await page.keyboard.press("Space");
  for (let i = 0; i < 14; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await livePadSays(page, /^So far, the network thinks it's a \d\.$/);
  const cursor = page.locator("[data-cursor]");
  await eventually(async () => assert.equal(await cursor.innerText(), "Row 21, column 14, ink"));
  await page.keyboard.press("Delete");
  await eventually(async () => assert.equal(await cursor.innerText(), "Row 21, column 14, blank"));
  for (let i = 0; i < 14; i++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Delete");
  await livePadSays(page, /^Nothing is drawn yet\.$/);
  await abortTraining(page);
});

pageTest(
  "a finished training shows its analysis: digits, confusions, mistakes and the first layer",
  async (lab, page) => {
    await page.goto(lab.trainingUrl);
    await trainToEnd(page, { ...QUICK, "Hidden layers": "70" });
    const part = analysis(page);
    await part.getByRole("status", { name: "Analysis" }).getByText(/^It recognises [\d,]+ of 10,000 test digits/)
      .waitFor();
    const [{ accuracy }] = await lab.models();

    const classes = part.getByRole("list", { name: "How well it knows each digit" }).getByRole("listitem");
    assert.equal(await classes.count(), 10);
    assert.match(await classes.nth(3).innerText(), /^3\s+\d\d\.\d %$/);

    const cells = part.getByRole("grid").getByRole("button");
    const names = await cells.evaluateAll((buttons) => buttons.map((cell) => cell.getAttribute("aria-label")!));
    const counts = names.map((name) => {
      const [, was, said, count] = /^Was (\d), said (\d): ([\d,]+) digits?$/.exec(name)!;
      return { was, said, count: Number(count.replaceAll(",", "")) };
    });
    assert.equal(counts.length, 100);
    const sum = (of: typeof counts) => of.reduce((total, { count }) => total + count, 0);
    assert.equal(sum(counts), 10_000);
    assert.equal(sum(counts.filter(({ was, said }) => was === said)) / 100, accuracy);

    const most = counts.filter(({ was, said }) => was !== said).sort((a, b) => b.count - a.count)[0];
    await part.getByRole("button", { name: `Was ${most.was}, said ${most.said}: ` }).click();
    const cell = part.getByRole("region", { name: `A ${most.was}, but read as ${most.said}` });
    const pictures = cell.getByRole("img", { name: new RegExp(`^Test digit \\d+, a ${most.was}$`) });
    await eventually(async () => assert.equal(await pictures.count(), Math.min(most.count, 12)));
    await pictures.first().scrollIntoViewIfNeeded();
    await eventually(async () =>
      assert.equal(await pictures.first().evaluate((image) => (image as HTMLImageElement).naturalWidth), 28)
    );

    const mistakes = part.getByRole("region", { name: "Its worst mistakes" });
    const words = await mistakes.getByRole("listitem").allInnerTexts();
    const sure = words.map((text) => Number(/([\d.]+) % sure$/.exec(text)![1]));
    assert.equal(sure.length, 12);
    assert.deepEqual(sure, sure.toSorted((a, b) => b - a));
    await mistakes.getByRole("button", { name: /^Show 24 more of / }).click();
    await eventually(async () => assert.equal(await mistakes.getByRole("listitem").count(), 36));

    const layer = part.getByRole("region", { name: "What the first layer looks for" });
    await layer.getByRole("button", { name: "Show all 70" }).click();
    const units = layer.getByRole("img");
    await eventually(async () => assert.equal(await units.count(), 70));
    const colours = await units.last().evaluate((element) => {
      const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 28, 28);
      return new Set(Array.from({ length: 784 }, (_, i) => data[4 * i])).size;
    });
    assert(colours >= 2, "weights above and below 0 have the same colour");
  },
);

pageTest("the keyboard moves from cell to cell of the confusion matrix and opens one", async (lab, page) => {
  const { id } = await putUntrainedModel(lab, "SimpleNN", []);
  await page.goto(`${lab.trainingUrl}?analysis=${id}#analysis`);
  const part = analysis(page);
  const first = part.getByRole("button", { name: /^Was 0, said 0:/ });
  await first.focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "End", "ArrowRight"]) {
    await page.keyboard.press(key);
  }
  const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  assert.match(focused ?? "", /^Was 1, said 9:/);
  await page.keyboard.press("Enter");
  await part.getByRole("region", { name: /^A 1, but read as 9: [\d,]+ digits?$/ }).waitFor();
  assert.equal(await part.locator(".confusion [tabindex='0']").count(), 1);
});

pageTest(
  "any stored model can be analysed from its row, a ConvNN with its filters, and a reload shows the same analysis",
  async (lab, page) => {
    const { id } = await putUntrainedModel(lab, "ConvNN", [8]);
    await page.goto(lab.trainingUrl);
    const part = analysis(page);
    const row = await openMenu(page, "ConvNN (8), SGD");
    assert.equal(await part.count(), 0);
    await row.getByRole("button", { name: "Analysis" }).click();
    const heading = part.getByRole("heading", { name: "What it has learned" });
    await eventually(async () => assert(await heading.evaluate((element) => element === document.activeElement)));
    const { y } = (await heading.boundingBox())!;
    assert(y >= 0 && y < 200, `the analysis begins at ${y} px of the window`);
    await part.getByText(/^ConvNN \(8\), SGD/).waitFor();
    const filters = part.getByRole("region", { name: "The filters of the first layer" }).getByRole("img");
    // On a busy machine a ConvNN takes long for 10,000 digits.
    await filters.first().waitFor({ timeout: 60_000 });
    assert.equal(await filters.count(), 32);
    for (const filter of await filters.all()) {
      assert((await filter.boundingBox())!.width >= 16, "a filter is too small to see");
    }
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert(overhang <= 0, `the page is ${overhang} px wider than its window`);
    await part.getByText(/Its record says 10\.00 %/).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("analysis"), id);
    await page.reload();
    await filters.first().waitFor();
    await part.getByText(/^ConvNN \(8\), SGD/).waitFor();
    await button(page, "Close the analysis").click();
    await part.waitFor({ state: "detached" });
    assert.doesNotMatch(page.url(), /analysis=/);
  },
);
