import assert from "node:assert/strict";
import { decode } from "fast-png";
import type { Page } from "playwright-core";
import { prepareDrawing, type Raster } from "../../core/mnist/drawing/prepare_drawing.ts";
import type { PredictRequest } from "../../protocol/mod.ts";
import * as drawing from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { focusedName } from "../testing/controls.ts";
import type { Lab } from "../testing/lab.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { readerModel } from "../testing/stored_models.ts";

const pageTest = setUpPageTests();

/** Opens the drawing page with the second of two models that recognise digits. */
async function visit(lab: Lab, page: Page): Promise<string[]> {
  const ids = [
    await readerModel(lab, { batch_size: 128, hidden_layers_config: [64] }),
    await readerModel(lab, { batch_size: 128, hidden_layers_config: [96, 32] }),
  ];
  await page.goto(`${lab.inferenceUrl}/?model_id=${ids[1]}`);
  return ids;
}

/** The red channel of a 28×28 picture, found by its accessible name. */
async function shownInk(page: Page, name: RegExp): Promise<number[]> {
  const picture = page.getByRole("img", { name });
  return await picture.evaluate((element) => {
    const canvas = element as HTMLCanvasElement, cell = canvas.width / 28;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const red = (x: number, y: number) =>
      data[4 * (Math.floor((y + 0.5) * cell) * canvas.width + Math.floor((x + 0.5) * cell))];
    return Array.from({ length: 784 }, (_, i) => red(i % 28, Math.floor(i / 28)));
  });
}

pageTest(
  "the picture of what the model sees is what was classified, even when the server answers",
  async (lab, page) => {
    await visit(lab, page);
    await drawing.chooseWhere(page, "On the server");
    await drawing.drawByMouse(page, drawing.DIGITS["7"]);
    const asked = page.waitForRequest((request) => request.url().endsWith("/predict"));
    await drawing.predict(page);
    const { image_data }: PredictRequest = (await asked).postDataJSON();
    await drawing.answered(page, "server");
    await page.getByText("The server gave the answer").waitFor();
    const png = decode(Uint8Array.fromBase64(image_data.slice(image_data.indexOf(",") + 1)));
    const classified = prepareDrawing({ ...png, data: png.data as Uint8Array } as Raster);
    const reds = await shownInk(page, /28 by 28 pixels/), paper = reds[0], ink = Math.min(...reds);
    reds.forEach((red, i) => {
      const expected = paper + (ink - paper) * classified[i] / 255;
      assert.ok(Math.abs(red - expected) < 1.5, `pixel ${i} is shown as ${red}, not ${expected}`);
    });
    const [name] = await page.getByRole("img", { name: /^Heat map/ }).evaluateAll((all) =>
      all.map((one) => one.ariaLabel)
    );
    assert.match(name!, /for and against 7: \d+ per cent/);
  },
);

pageTest(
  "the layers appear once their section is opened, and the section stays open on the next visit",
  async (lab, page) => {
    await visit(lab, page);
    await drawing.drawByMouse(page, drawing.DIGITS["0"]);
    await page.getByText("What each layer computes").click();
    await page.getByRole("img", { name: /^Units of hidden layer 1: \d+ of 96 active$/ }).waitFor();
    await page.getByRole("img", { name: /^Units of hidden layer 2: \d+ of 32 active$/ }).waitFor();
    await page.reload();
    await drawing.drawByMouse(page, drawing.DIGITS["0"]);
    await page.getByRole("img", { name: /^Units of hidden layer 2/ }).waitFor();
  },
);

pageTest("all models answer one drawing, and pressing one makes it the page's model", async (lab, page) => {
  const [first] = await visit(lab, page);
  const ask = page.getByRole("button", { name: "Ask all models" });
  assert.equal(await ask.isDisabled(), true);
  await drawing.drawByMouse(page, drawing.DIGITS["0"]);
  await drawing.digitBecomes(page, "0");
  await ask.click();
  const words = page.getByRole("status", { name: "All models" });
  await eventually(async () => assert.equal(await words.innerText(), "2 of 2 say 0."));
  assert.equal(await focusedName(page), "Ask all models");
  await page.getByRole("button", { name: /SimpleNN \(64\).*use this model/ }).click();
  await eventually(() => assert.equal(new URL(page.url()).searchParams.get("model_id"), first));
  await page.getByRole("button", { name: /SimpleNN \(64\).*in use/, pressed: true }).waitFor();
  await drawing.digitBecomes(page, "0");
  assert.equal(await words.innerText(), "2 of 2 say 0.", "opinions stay as long as the drawing does");
});

/** Drawings that nobody would mistake for a digit. */
const NO_DIGITS: Record<string, drawing.Stroke[]> = {
  scribble: [
    [[40, 60], [230, 90], [50, 120], [240, 150], [45, 180], [235, 210], [60, 235], [140, 40], [90, 230], [200, 60]],
  ],
  "letter A": [[[70, 230], [140, 50], [210, 230]], [[95, 165], [185, 165]]],
  "letter M": [[[60, 230], [70, 50], [140, 150], [210, 50], [220, 230]]],
  dots: [[[60, 60]], [[220, 70]], [[140, 140]], [[70, 215]], [[215, 210]]],
};

async function draw(page: Page, strokes: readonly drawing.Stroke[]): Promise<void> {
  await drawing.clear(page);
  for (const stroke of strokes) await drawing.drawByMouse(page, stroke);
}

pageTest(
  "drawings that are not digits are reported as such, in the browser and on the server; digits are not",
  async (lab, page) => {
    await visit(lab, page);
    const text = () => drawing.prediction(page).innerText();
    for (const where of ["In this browser", "On the server"] as const) {
      await drawing.chooseWhere(page, where);
      const answer = async (strokes: readonly drawing.Stroke[]) => {
        await draw(page, strokes);
        await drawing.predict(page);
        await drawing.answered(page, where === "On the server" ? "server" : "wasm");
      };
      for (const [name, strokes] of Object.entries(NO_DIGITS)) {
        await answer(strokes);
        await eventually(async () =>
          assert.match(await text(), /Perhaps an? \d, but I’m not sure this is a digit/, name)
        );
        assert.match((await text()).split("\n")[0], /^\d$/);
      }
      for (const [digit, stroke] of Object.entries(drawing.DIGITS)) {
        await answer([stroke]);
        await drawing.digitBecomes(page, digit);
        assert.doesNotMatch(await text(), /not sure/, `${digit}: ${where}`);
      }
    }
    await drawing.clear(page);
    await drawing.predict(page);
    await eventually(async () => assert.match(await text(), /still blank/));
  },
);
