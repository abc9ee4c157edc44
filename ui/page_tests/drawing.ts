import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  answered,
  chooseWhere,
  clear,
  digitBecomes,
  DIGITS,
  drawByMouse,
  drawByTouch,
  drawingCanvas,
  inkShare,
  predict,
  prediction,
  shownProbabilities,
} from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import type { Lab } from "../testing/lab.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { putUntrainedModel, readerModel } from "../testing/stored_models.ts";

const pageTest = setUpPageTests();

/** Number of drawings; the median of their times is printed. */
const COUNT = Deno.env.get("LAB_LONG") ? 50 : 6;

pageTest("a finger draws, and Clear empties the paper and removes the answer", async (lab, page) => {
  await visitTrained(lab, page);
  await drawingCanvas(page).scrollIntoViewIfNeeded();
  const scrolled = await page.evaluate(() => scrollY);
  await drawByTouch(page, DIGITS[7]);
  await eventually(async () => assert(await inkShare(page) > 0.03, "the finger left no ink"));
  assert.equal(await page.evaluate(() => scrollY), scrolled, "the page moved under the finger");
  await digitBecomes(page, "7");

  await clear(page);
  await eventually(async () => assert.equal(await inkShare(page), 0));
  await digitBecomes(page, "None");
}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });

for (const where of ["In this browser", "On the server"] as const) {
  pageTest(`blank paper gets a friendly answer (${where})`, async (lab, page) => {
    await visitTrained(lab, page);
    await chooseWhere(page, where);
    await predict(page);
    await prediction(page).getByText("Draw a digit first").waitFor();
    await digitBecomes(page, "None");
  });
}

for (const device of ["wasm", "webgpu"]) {
  pageTest(
    `${device} answers each stroke in the browser, without a click and as the server would`,
    async (lab, page) => {
      await visitTrained(lab, page, { device });
      for (const [digit, stroke] of Object.entries(DIGITS)) {
        await clear(page);
        await drawByMouse(page, stroke);
        await digitBecomes(page, digit);
        await answered(page, device);
      }
      const here = await shownProbabilities(page);

      await chooseWhere(page, "On the server");
      await predict(page);
      await answered(page, "server");
      const there = await shownProbabilities(page);
      assert.equal(here.length, 10);
      here.forEach((share, digit) => {
        assert(Math.abs(share - there[digit]) <= 1e-4, `${digit}: ${share} here, ${there[digit]} on the server`);
      });
    },
  );
}

pageTest("where to predict is remembered for the next visit", async (lab, page) => {
  await visitTrained(lab, page);
  assert(await page.getByRole("radio", { name: "In this browser" }).isChecked());
  await chooseWhere(page, "On the server");
  await page.reload();
  await drawByMouse(page, DIGITS[1]);
  assert(await page.getByRole("radio", { name: "On the server" }).isChecked());
  await predict(page);
  await answered(page, "server");
});

pageTest("an answer in the browser comes at once (times are printed)", async (lab, page) => {
  const simple = await readerModel(lab);
  const { id: conv } = await putUntrainedModel(lab, "ConvNN", [128]);
  for (const [name, id] of Object.entries({ "SimpleNN [128]": simple, "ConvNN [128]": conv })) {
    await page.goto(`${lab.inferenceUrl}/?model_id=${id}&device=wasm`);
    const times: number[] = [];
    while (times.length < COUNT) {
      await drawByMouse(page, DIGITS[1]);
      times.push(await answered(page, "wasm"));
      await clear(page);
    }
    times.sort((a, b) => a - b);
    console.log(`${name} on WASM, pen up to answer: median ${times[COUNT / 2].toFixed(2)} ms of ${COUNT}`);
  }
});

async function visitTrained(lab: Lab, page: Page, query: Record<string, string> = {}): Promise<void> {
  const model_id = await readerModel(lab);
  await page.goto(`${lab.inferenceUrl}/?${new URLSearchParams({ model_id, ...query })}`);
}
