/**
 * All states of the pages, for screenshots and for checks. Each is reached as a user would reach it, on a page of its
 * own, in this order, because later states need the models of earlier ones.
 */
import type { Page } from "playwright-core";
import { DEFAULT_CONFIG, type TrainConfig } from "../../protocol/mod.ts";
import { digitBecomes, drawByMouse, prediction, type Stroke } from "./drawing_page.ts";
import type { Lab } from "./lab.ts";
import {
  abortTraining,
  button,
  drawOnLivePad,
  livePadSays,
  modelsRegion,
  startTraining,
  statusBecomes,
  stepsPass,
  trainToEnd,
} from "./training_page.ts";
import type { Settings } from "./controls.ts";
import { trainModel } from "./stored_models.ts";

/** A state that a page can be in. */
export interface PageState {
  name: string;
  open(lab: Lab, page: Page): Promise<void>;
  /** Name of another state that shows all of this one, which then needs no check of its own. */
  shownBy?: string;
  /** CSS selector of the part that the state is about; if undefined, the top of the page. */
  part?: string;
  /** The same for a narrow screen. */
  partWhenNarrow?: string;
  /** Undoes what would disturb the next state. */
  close?(page: Page): Promise<void>;
}

const CONFIG: TrainConfig = {
  ...DEFAULT_CONFIG,
  model_type: "SimpleNN",
  optimizer: "Adam",
  learning_rate: 0.001,
  num_epochs: 3,
  batch_size: 64,
  hidden_layers_config: [128, 64],
  seed: 1,
};

/** Models to compare with the model that a page trains. */
const FURTHER: readonly Partial<TrainConfig>[] = [
  { optimizer: "SGD", learning_rate: 0.01, hidden_layers_config: [64] },
  { optimizer: "RMSprop", hidden_layers_config: [32], use_dropout: true, num_epochs: 2 },
  { optimizer: "AdamW", hidden_layers_config: [16], batch_size: 128 },
];

const WANTED: Settings = {
  "Model type": "SimpleNN",
  "Hidden layers": "128, 64",
  "Optimizer": "Adam",
  "Learning rate": "0.001",
  "Epochs": "3",
  "Batch size": "64",
};

const THREE: Stroke = [...arc([138, 92], 46, -160, 80), ...arc([138, 188], 52, -80, 155)];
/** The letter A. */
const LETTER: readonly Stroke[] = [[[70, 230], [140, 50], [210, 230]], [[95, 165], [185, 165]]];

/** The part that the page scrolls to when a training run starts. */
const RUN = ".run";

/** All states but the locked page, in the order in which to open them. */
export const PAGE_STATES: readonly PageState[] = [
  {
    name: "training-fresh",
    open: async (lab, page) => {
      await page.goto(lab.trainingUrl);
      await button(page, "Start Training").waitFor();
    },
  },
  {
    name: "training-running",
    partWhenNarrow: RUN,
    open: async (lab, page) => {
      await page.goto(lab.trainingUrl);
      await startTraining(page, { ...WANTED, "Hidden layers": "256", "Epochs": "100", "Batch size": "256" });
      await drawOnLivePad(page, THREE);
      await livePadSays(page, /^So far/);
      // Far enough into the second epoch that both curves have begun.
      await stepsPass(page, 300, 60_000);
    },
    close: abortTraining,
  },
  {
    name: "training-done",
    partWhenNarrow: RUN,
    open: async (lab, page) => {
      await page.goto(lab.trainingUrl);
      await trainToEnd(page, WANTED);
      await page.getByRole("button", { name: /^Was 4, said 9/ }).click();
      await page.getByRole("img", { name: /^Unit / }).first().waitFor();
    },
  },
  {
    name: "training-analysis",
    shownBy: "training-done",
    part: "#analysis",
    open: async (lab, page) => {
      const [{ id }] = await lab.models();
      await page.goto(`${lab.trainingUrl}/?analysis=${id}`);
      await page.getByRole("button", { name: /^Was 4, said 9/ }).click();
      await page.getByRole("img", { name: /^Unit / }).first().waitFor();
    },
  },
  {
    name: "training-comparison",
    part: ".comparison",
    open: async (lab, page) => {
      for (const config of FURTHER) await trainModel(lab, { ...CONFIG, ...config });
      await page.goto(lab.trainingUrl);
      const boxes = modelsRegion(page).getByRole("checkbox", { name: /^Select S/ });
      await boxes.first().waitFor();
      for (const box of await boxes.all()) await box.check();
      await button(page, "Compare").click();
      await page.getByRole("img", { name: /ends at .* ends at/ }).first().waitFor();
    },
  },
  {
    name: "training-models",
    part: ".stored",
    open: async (lab, page) => {
      await page.goto(lab.trainingUrl);
      await modelsRegion(page).getByRole("row").nth(1).locator("summary").click();
    },
  },
  {
    name: "training-overwrite",
    open: async (lab, page) => {
      await page.goto(lab.trainingUrl);
      await startTraining(page, WANTED);
      await page.getByRole("dialog").waitFor();
    },
    close: async (page) => {
      await button(page, "Keep existing").click();
      await statusBecomes(page, /kept/);
    },
  },
  {
    name: "drawing-fresh",
    open: async (lab, page) => {
      await visitDrawing(lab, page);
    },
  },
  {
    name: "drawing-answered",
    open: async (lab, page) => {
      await visitDrawing(lab, page);
      await drawByMouse(page, THREE);
      await digitBecomes(page, "3");
      await page.getByRole("img", { name: /^Heat map/ }).waitFor();
      await openLayers(page);
      await page.mouse.move(0, 0);
    },
  },
  {
    name: "drawing-inside",
    shownBy: "drawing-answered",
    part: ".inside",
    open: async (lab, page) => {
      await visitDrawing(lab, page);
      await drawByMouse(page, THREE);
      await openLayers(page);
    },
  },
  {
    name: "drawing-all-models",
    part: ".all-models",
    open: async (lab, page) => {
      await visitDrawing(lab, page);
      await drawByMouse(page, THREE);
      await digitBecomes(page, "3");
      await button(page, "Ask all models").click();
      await page.getByRole("status", { name: "All models" }).getByText(/^\d of \d say.*\.$/).waitFor();
    },
  },
  {
    name: "drawing-ood",
    open: async (lab, page) => {
      await visitDrawing(lab, page);
      for (const stroke of LETTER) await drawByMouse(page, stroke);
      await prediction(page).getByText("not sure this is a digit").waitFor();
    },
  },
  {
    name: "drawing-miss",
    open: async (lab, page) => {
      await page.goto(`${lab.inferenceUrl}/?epochs=7&hidden_layers_config=128,64`);
      await prediction(page).getByText("Model not trained yet").waitFor();
      await page.getByText("Nearest stored model").waitFor();
    },
  },
  {
    name: "docs",
    open: async (lab, page) => {
      await page.goto(`${lab.trainingUrl}/docs`);
      await page.getByRole("heading", { name: "Objects and their fields" }).waitFor();
    },
  },
];

/** The page for a visitor without the token. Needs a lab with one. */
export const LOCKED_STATE: PageState = {
  name: "locked",
  open: async (lab, page) => {
    await page.goto(`${lab.trainingUrl}/?token=wrong`);
    await page.getByLabel("Token").waitFor();
  },
};

/** Opens the drawing page with the most accurate model. */
async function visitDrawing(lab: Lab, page: Page): Promise<void> {
  const models = await lab.models();
  const id = models.toSorted((a, b) => b.accuracy - a.accuracy)[0].id;
  await page.goto(`${lab.inferenceUrl}/?model_id=${id}`);
  await page.getByText(id).first().waitFor();
}

/** Opens the section of the layers, unless the browser has remembered that it is open. */
async function openLayers(page: Page): Promise<void> {
  const units = page.getByRole("img", { name: /^Units of hidden layer 2/ });
  const section = page.locator("details").filter({ has: page.getByText("What each layer computes") });
  if (await section.getAttribute("open") === null) await section.locator("summary").click();
  await units.waitFor();
}

/** Points on a circle, from one angle to another in degrees, clockwise from the right. */
function arc([x, y]: [number, number], radius: number, from: number, to: number): [number, number][] {
  return Array.from({ length: 40 }, (_, i) => {
    const angle = (from + (to - from) * i / 39) * Math.PI / 180;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}
