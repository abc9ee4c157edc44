/** A drawing page for tests, with a lab, an engine and a clock that the test controls. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG, type ModelRecord, type PredictResponse } from "../../protocol/mod.ts";
import { LocalEngine } from "../shared/engine/engines.ts";
import type { Reply } from "../shared/wire/connection.ts";
import { FakeLab } from "../shared/wire/fake_lab_testing.ts";
import { DrawingPage, type Where } from "./drawing_page.ts";
import type { Drawing } from "./recogniser.ts";

/** The data URL of `seven`. */
export const PICTURE = "data:image/png;base64,AAAA";

/** A drawing of one stroke. */
export const seven: Drawing = {
  blank: false,
  toDataUrl: () => PICTURE,
  toRaster() {
    const data = new Uint8Array(28 * 28).fill(255);
    for (let y = 5; y < 20; y++) data.fill(0, y * 28 + 13, y * 28 + 15);
    return { width: 28, height: 28, channels: 1, data };
  },
};

/** A blank drawing, which the page must not look at. */
export const blank: Drawing = {
  blank: true,
  toDataUrl: () => assert.fail("a blank page is not sent"),
  toRaster: () => assert.fail("a blank page is not looked at"),
};

/** The one model that is stored. */
export const record: ModelRecord = {
  id: "m1",
  filename: "m1.pth",
  timestamp: 1,
  ...DEFAULT_CONFIG,
  model_type: "ConvNN",
  optimizer: "SGD",
  learning_rate: 0.0003,
  batch_size: 32,
  num_epochs: 2,
  hidden_layers_config: [16],
  use_dropout: true,
  accuracy: 98,
  training_time: 9,
};

/** The query of a page whose fields are those of `record`. */
export const RECORD_SEARCH =
  "?model_type=ConvNN&optimizer=SGD&learning_rate_range=Medium%20Low&epochs=2&batch_size=32&hidden_layers_config=16" +
  "&use_dropout=true";

/** The service's answer with `prediction`. */
export function answer(prediction: number): { status: number; body: PredictResponse } {
  const found_model = { id: "m1", accuracy: "98.00%", learning_rate: 0.0003, epochs: 2, training_time: "9.00s" };
  const probabilities = Array.from({ length: 10 }, (_, digit) => digit === prediction ? 1 : 0);
  return { status: 200, body: { prediction, confidence: "100.00%", probabilities, doubt: null, found_model } };
}

/** A page and what it depends on. */
export interface TestPage {
  lab: FakeLab;
  page: DrawingPage;
  /** The preferences that the browser remembers. */
  remembered: Map<string, string>;
  /** Ids of the models that the page opened in the browser. */
  openedHere: string[];
  /** The digit that each model always answers. A model without one is broken. */
  digits: Map<string, number>;
  clock: { milliseconds: number };
}

/** Opens a page with the query `search`. The lab stores `records` and answers every drawing with 7. */
export async function openPage(search: string, where: Where, records: ModelRecord[] = [record]): Promise<TestPage> {
  const lab = new FakeLab();
  const listed: Reply = { status: 200, body: records };
  lab.replies.set("/api/models", listed);
  lab.replies.set("/api/models/m1", { status: 200, body: record });
  lab.replies.set("/predict", answer(7));
  const openedHere: string[] = [];
  const digits = new Map([["m1", 5]]);
  const engine = new LocalEngine(({ id }) => {
    openedHere.push(id);
    const digit = digits.get(id);
    if (digit === undefined) return Promise.reject(new Error(`${id} is broken`));
    const probabilities = new Float32Array(10).fill(1, digit, digit + 1);
    return Promise.resolve({ device: "wasm", predict: () => Promise.resolve(probabilities), close() {} });
  });
  const remembered = new Map<string, string>([["where-to-predict", where]]);
  const preferences = {
    get: (name: string) => remembered.get(name) ?? null,
    set: (name: string, value: string) => void remembered.set(name, value),
  };
  const clock = { milliseconds: 0 };
  const page = new DrawingPage({
    connection: lab,
    engine,
    preferences,
    decodePicture: (png) => Promise.resolve(png),
    now: () => clock.milliseconds,
  });
  await page.open(search);
  return { lab, page, remembered, openedHere, digits, clock };
}
