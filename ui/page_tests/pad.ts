import assert from "node:assert/strict";
import { decode } from "fast-png";
import type { Page } from "playwright-core";
import { prepareDrawing } from "../../core/mnist/drawing/prepare_drawing.ts";
import {
  clear,
  digitBecomes,
  DIGITS,
  drawBesideAFinger,
  drawByMouse,
  drawByPen,
  drawInAFlash,
  drawingCanvas,
  inkAt,
  inkShare,
  prediction,
  type Stroke,
} from "../testing/drawing_page.ts";
import { eventually } from "../testing/eventually.ts";
import { focusedName, tabTo } from "../testing/controls.ts";
import type { Lab } from "../testing/lab.ts";
import { setUpPageTests } from "../testing/page_test.ts";
import { readerModel } from "../testing/stored_models.ts";

const pageTest = setUpPageTests();

const TELEPHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

pageTest("a circle drawn fast is round, and no point that the browser coalesced is lost", async (lab, page) => {
  await visitTrained(lab, page);
  await countMoves(page);
  const spiral: Stroke = circle(60, (i) => 40 + i);
  await drawInAFlash(page, spiral);
  const { moves, points } = await page.evaluate(() => (globalThis as unknown as { seen: Moves }).seen);
  assert(moves < points, `the browser coalesced nothing: ${points} points in ${moves} moves`);
  await eventually(async () => {
    const ink = await inkAt(page, spiral);
    assert(ink.every((share) => share > 0.9), `blank where the pen was: ${ink}`);
  });

  await clear(page);
  // Halfway between the circle's eight points, where straight lines would leave the outer half of the stroke blank.
  await drawByMouse(page, circle(8, () => 80));
  const rim = circle(16, () => 88).filter((_, i) => i % 2 === 1);
  await eventually(async () => {
    const ink = await inkAt(page, rim);
    assert(ink.every((share) => share > 0.9), `a polygon: ${ink}`);
  });
});

pageTest("every step can be undone and redone, by button and by key", async (lab, page) => {
  await visitTrained(lab, page);
  const undo = page.getByRole("button", { name: "Undo", exact: true });
  const redo = page.getByRole("button", { name: "Redo", exact: true });
  assert(await undo.isDisabled() && await redo.isDisabled());
  await drawByMouse(page, DIGITS[1]);
  await digitBecomes(page, "1");
  const one = await inkShare(page);
  await drawByMouse(page, [[40, 200], [240, 200]]);
  await inkBecomes(page, (ink) => ink > one);
  await undo.click();
  await inkBecomes(page, (ink) => ink === one);
  await digitBecomes(page, "1");
  await page.keyboard.press("Control+z");
  await inkBecomes(page, (ink) => ink === 0);
  await digitBecomes(page, "None");
  await redo.click();
  await page.keyboard.press("Enter");
  await inkBecomes(page, (ink) => ink > one);
  assert(await redo.isDisabled());
  assert.equal(await focusedName(page), "Redo", "the button keeps the focus when nothing is left to redo");
  await undo.click();
  await page.keyboard.press("Control+Shift+Z");
  await inkBecomes(page, (ink) => ink > one);
  await clear(page);
  await inkBecomes(page, (ink) => ink === 0);
  await page.keyboard.press("Control+z");
  await inkBecomes(page, (ink) => ink > one);
});

pageTest("Enter predicts and Delete clears from anywhere except a field in which you type", async (lab, page) => {
  await visitTrained(lab, page);
  await page.getByRole("radio", { name: "On the server" }).check();
  await drawByMouse(page, DIGITS[7]);
  await page.keyboard.press("Enter");
  await digitBecomes(page, "7");

  const epochs = page.getByLabel("Epochs", { exact: true });
  await epochs.click();
  await page.keyboard.press("Home");
  await page.keyboard.press("Delete");
  await page.keyboard.type("2");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Enter");
  assert(await inkShare(page) > 0.02, "a key meant for the field reached the paper");

  await page.getByRole("radio", { name: "On the server" }).focus();
  await page.keyboard.press("Delete");
  await inkBecomes(page, (ink) => ink === 0);
});

pageTest("three brushes draw three widths, and all are recognised as the same digit", async (lab, page) => {
  await visitTrained(lab, page);
  const shares: number[] = [];
  for (const brush of ["Thin", "Medium", "Thick"]) {
    await clear(page);
    await inkBecomes(page, (ink) => ink === 0);
    await page.getByRole("radio", { name: brush, exact: true }).check();
    await drawByMouse(page, DIGITS[1]);
    await digitBecomes(page, "1");
    shares.push(await inkShare(page));
  }
  assert(shares[0] * 1.2 < shares[1] && shares[1] * 1.2 < shares[2], String(shares));
});

pageTest("a pen that presses harder draws a wider line", async (lab, page) => {
  await visitTrained(lab, page);
  await drawByPen(page, DIGITS[1], 0.2);
  await digitBecomes(page, "1");
  const light = await inkShare(page);
  await clear(page);
  await inkBecomes(page, (ink) => ink === 0);
  await drawByPen(page, DIGITS[1], 0.9);
  await digitBecomes(page, "1");
  const hard = await inkShare(page);
  assert(hard > 1.2 * light && hard < 2 * light, `${light} lightly, ${hard} pressed`);
});

pageTest("a second finger that rests on the paper leaves no ink", async (lab, page) => {
  await visitTrained(lab, page);
  await drawBesideAFinger(page, DIGITS[1], [240, 240]);
  await eventually(async () => assert.deepEqual(await inkAt(page, [[140, 140], [240, 240], [190, 190]]), [1, 0, 0]));
  await digitBecomes(page, "1");
}, TELEPHONE);

pageTest(
  "a test digit is put on the paper and predicted, and the page says whether the answer is right",
  async (lab, page) => {
    await visitTrained(lab, page);
    const samples = page.getByRole("button", { name: /^Test digit \d+, a \d$/ });
    await samples.first().waitFor();
    const names = await samples.evaluateAll((buttons) => buttons.map((button) => button.getAttribute("aria-label")!));
    let right = 0;
    for (const name of names) {
      await page.getByRole("button", { name, exact: true }).focus();
      await page.keyboard.press("Enter");
      const label = name.slice(-1);
      const words = page.getByRole("status", { name: "Test digit" });
      await eventually(async () => assert.match(await words.innerText(), verdictOn(label)));
      if ((await words.innerText()).includes("agrees")) {
        await digitBecomes(page, label);
        right++;
      }
    }
    assert(right >= names.length - 2, `only ${right} of ${names.length} were recognised`);
    await page.getByRole("button", { name: "Show 10 others" }).click();
    await eventually(async () => {
      const others = await samples.evaluateAll((buttons) => buttons.map((button) => button.getAttribute("aria-label")));
      assert(others.length === names.length && others.every((name) => !names.includes(name!)), String(others));
    });
  },
);

pageTest("a test digit reaches the model as exactly the pixels of the test set", async (lab, page) => {
  await visitTrained(lab, page);
  await page.getByRole("radio", { name: "On the server" }).check();
  const request = page.waitForRequest(/\/predict$/);
  const sample = page.getByRole("button", { name: /^Test digit/ }).first();
  const index = (await sample.getAttribute("aria-label"))!.match(/\d+/)![0];
  await sample.click();
  const { image_data } = (await request).postDataJSON();
  const stored = decode(await (await fetch(`${lab.inferenceUrl}/api/digits/${index}.png`)).bytes()).data;
  const cells = (await tonesOf(page, image_data)).map((tones) => tones.map((tone) => 255 - tone));
  assert.deepEqual(cells, [...stored].map((ink) => [ink]));
});

for (const where of ["In this browser", "On the server"]) {
  pageTest(`the keyboard alone leads from the first Tab to the answer (${where})`, async (lab, page) => {
    await visitTrained(lab, page);
    await page.getByRole("radio", { name: where }).check();
    await page.getByRole("link", { name: "Draw" }).focus();
    await tabTo(page, "Drawing canvas");
    const cursor = page.locator("[data-cursor]");
    await eventually(async () => assert.equal(await cursor.innerText(), "Row 7, column 14, blank"));
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.down("Shift");
    for (let row = 0; row < 9; row++) await page.keyboard.press("ArrowDown");
    await page.keyboard.up("Shift");
    await page.keyboard.down(" ");
    for (let row = 0; row < 8; row++) await page.keyboard.press("ArrowDown");
    await page.keyboard.up(" ");
    await eventually(async () => assert.equal(await cursor.innerText(), "Row 22, column 14, ink"));
    if (where === "On the server") await page.keyboard.press("Enter");
    await digitBecomes(page, "1");

    await page.keyboard.press("Delete");
    await eventually(async () => assert.equal(await cursor.innerText(), "Row 22, column 14, blank"));
    await page.keyboard.press("Shift+Delete");
    await digitBecomes(page, "None");
    await eventually(async () => assert(!(await prediction(page).innerText()).includes("%")));
  });
}

pageTest("what the keyboard draws is what is classified, pixel by pixel", async (lab, page) => {
  await visitTrained(lab, page);
  await page.getByRole("radio", { name: "On the server" }).check();
  await page.getByRole("radio", { name: "Thin", exact: true }).check();
  await drawingCanvas(page).focus();
  // Twenty rows and two columns, placed as in MNIST, so that nothing is moved or scaled.
  for (const key of ["PageUp", "Home"]) await page.keyboard.press(key);
  for (let row = 0; row < 5; row++) await page.keyboard.press("ArrowDown");
  for (let column = 0; column < 14; column++) await page.keyboard.press("ArrowRight");
  await page.keyboard.down("Shift");
  for (let row = 0; row < 19; row++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  for (let row = 0; row < 19; row++) await page.keyboard.press("ArrowUp");
  await page.keyboard.up("Shift");
  const request = page.waitForRequest(/\/predict$/);
  await page.keyboard.press("Enter");
  const { image_data } = (await request).postDataJSON();
  const painted = Array.from({ length: 40 }, (_, i) => [5 + (i >> 1), 14 + i % 2]);
  assert.deepEqual(await inkedCells(page, image_data), painted);
  const { width, height, data } = decode(Uint8Array.fromBase64(image_data.split(",")[1]));
  const prepared = prepareDrawing({ width, height, channels: 4, data: Uint8Array.from(data) });
  const cells = [...prepared].flatMap((ink, cell) => ink > 0 ? [[Math.floor(cell / 28), cell % 28, ink]] : []);
  assert.deepEqual(cells, painted.map((at) => [...at, 255]));
});

pageTest("the answer is in view while you draw on a phone, and the paper does not move", async (lab, page) => {
  await visitTrained(lab, page);
  for (const [width, height] of [[390, 844], [360, 640]]) {
    await page.setViewportSize({ width, height });
    await clear(page);
    await drawingCanvas(page).evaluate((canvas) => canvas.scrollIntoView({ block: "end" }));
    const before = await drawingCanvas(page).boundingBox();
    await drawByMouse(page, DIGITS[1]);
    await digitBecomes(page, "1");
    assert.deepEqual(await drawingCanvas(page).boundingBox(), before, "the paper moved under the pen");
    await drawByMouse(page, [[40, 60], [240, 60], [40, 140], [240, 140], [40, 220], [240, 220]]);
    await prediction(page).getByText("not sure this is a digit").waitFor();
    assert.deepEqual(await drawingCanvas(page).boundingBox(), before, "the answer moved the paper");
    const digit = await prediction(page).locator(".digit").boundingBox();
    assert(
      digit && digit.y >= 0 && digit.y + digit.height <= before!.y + 1,
      `the answer is at ${digit?.y} of ${height}`,
    );
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    assert.match(await prediction(page).innerText(), /Model\s+model_simplenn_.*\s+WASM\s+in [\d.]+ ms/s);
    const reasons = prediction(page).getByText("The model knows ten digits and nothing else");
    assert(!await reasons.isVisible());
    await page.getByRole("button", { name: "Why?" }).click();
    await reasons.waitFor();
  }
}, TELEPHONE);

pageTest("a page without a model for its settings says so before anything is drawn", async (lab, page) => {
  await visitTrained(lab, page);
  await page.goto(`${lab.inferenceUrl}/?epochs=77`);
  await prediction(page).getByText("Model not trained yet").waitFor();
  await page.getByRole("link", { name: "Train this configuration" }).waitFor();
  await digitBecomes(page, "None");
  await drawByMouse(page, DIGITS[1]);
  await page.getByRole("button", { name: "Use the nearest model" }).click();
  await eventually(async () => assert.equal(await focusedName(page), "Drawing canvas"));
  await digitBecomes(page, "1");
});

/** Points around the middle of the paper, back to the first. */
function circle(count: number, radius: (i: number) => number): [number, number][] {
  return Array.from({ length: count + 1 }, (_, i) => {
    const angle = 2 * Math.PI * i / count;
    return [140 + radius(i) * Math.cos(angle), 140 + radius(i) * Math.sin(angle)];
  });
}

function verdictOn(label: string): RegExp {
  return new RegExp(`This was written as a ${label}\\. The model (agrees|is wrong)\\.`);
}

interface Moves {
  moves: number;
  points: number;
}

/** Counts the pointer moves of the canvas, and the points in them, as `globalThis.seen`. */
async function countMoves(page: Page): Promise<void> {
  await drawingCanvas(page).evaluate((canvas) => {
    const seen: Moves = { moves: 0, points: 0 };
    canvas.addEventListener("pointermove", (event) => {
      seen.moves++;
      seen.points += (event as PointerEvent).getCoalescedEvents().length;
    });
    Object.assign(globalThis, { seen });
  });
}

async function inkBecomes(page: Page, check: (share: number) => boolean): Promise<void> {
  await eventually(async () => {
    const share = await inkShare(page);
    assert(check(share), `the ink covers ${share}`);
  });
}

/**
 * The inked cells `[row, column]` of a picture that was sent, in reading order. Each cell must be all ink or all paper.
 */
async function inkedCells(page: Page, dataUrl: string): Promise<number[][]> {
  const cells = await tonesOf(page, dataUrl);
  assert(cells.every(([tone, second]) => second === undefined && (tone === 0 || tone === 255)));
  return cells.flatMap(([tone], cell) => tone === 0 ? [[Math.floor(cell / 28), cell % 28]] : []);
}

/** The distinct tones in each of the 28 × 28 cells of a picture, 0 for black. */
async function tonesOf(page: Page, dataUrl: string): Promise<number[][]> {
  return await page.evaluate(async (dataUrl) => {
    const picture = new Image();
    picture.src = dataUrl;
    await picture.decode();
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
    context.drawImage(picture, 0, 0);
    const side = picture.width / 28;
    return Array.from({ length: 28 * 28 }, (_, cell) => {
      const { data } = context.getImageData(cell % 28 * side, Math.floor(cell / 28) * side, side, side);
      return [...new Set(data.filter((_, i) => i % 4 === 0))];
    });
  }, dataUrl);
}

async function visitTrained(lab: Lab, page: Page): Promise<void> {
  await page.goto(`${lab.inferenceUrl}/?model_id=${await readerModel(lab)}`);
  await drawingCanvas(page).waitFor();
}
