/** Pictures of both pages for the documentation: trains a model, draws a digit, and writes `docs/images/`. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openChromium } from "../ui/testing/chromium.ts";
import { digitBecomes, drawByMouse, type Stroke } from "../ui/testing/drawing_page.ts";
import { startLab } from "../ui/testing/lab.ts";
import { startTraining, statusBecomes } from "../ui/testing/training_page.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";

const FOLDER = join(PROJECT_DIR, "docs/images");
const WIDTH = 1280;
/** Of the window that a reader would have: the whole page is several times as high. */
const HEIGHT = 1080;
const COLOURS = ["light", "dark"] as const;

const THREE: Stroke = [...arc([138, 92], 46, -160, 80), ...arc([138, 188], 52, -80, 155)];

async function main() {
  await Deno.mkdir(FOLDER, { recursive: true });
  const lab = await startLab();
  const browser = await openChromium();
  try {
    const page = await browser.newPage({ locale: "en-GB", viewport: { width: WIDTH, height: HEIGHT } });
    await page.goto(lab.trainingUrl);
    await startTraining(page, { "Hidden layers": "128, 64", "Epochs": "3", "Batch size": "64" });
    await statusBecomes(page, /^Done/);
    await takePictures(page, "training");

    await page.getByRole("link", { name: "Test this model" }).click();
    await drawByMouse(page, THREE);
    await digitBecomes(page, "3");
    await takePictures(page, "drawing");
  } finally {
    await browser.close();
    await lab.stop();
  }
}

/** The top of the page, in each colour scheme. */
async function takePictures(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => scrollTo(0, 0));
  for (const colorScheme of COLOURS) {
    await page.emulateMedia({ colorScheme });
    const file = `${name}-${colorScheme}-${WIDTH}.png`;
    const picture = await page.screenshot({ path: join(FOLDER, file), animations: "disabled" });
    console.log(`docs/images/${file}: ${Math.round(picture.length / 1000)} kB`);
  }
}

/** Points on a circle, from one angle to another in degrees, clockwise from the right. */
function arc([x, y]: [number, number], radius: number, from: number, to: number): [number, number][] {
  return Array.from({ length: 40 }, (_, i) => {
    const angle = (from + (to - from) * i / 39) * Math.PI / 180;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

await main();
