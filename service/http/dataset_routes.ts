import { encode } from "fast-png";
import type { Hono } from "hono";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { CLASSES, IMAGE_PIXELS, IMAGE_SIDE } from "../../core/models/spec.ts";
import { permutation, STREAMS } from "../../core/random.ts";
import { type DatasetInfo, DigitQuerySchema, isNullText, validate } from "../../protocol/mod.ts";
import { checkDataset, readTestDigits } from "../dataset/dataset.ts";
import { StartupError } from "../process/settings.ts";
import { HttpError } from "./errors.ts";

/** Adds `GET /api/datasets`: the datasets in `dataDir` with their real counts; none while they cannot be read. */
export function addDatasetRoutes(app: Hono, dataDir: string): void {
  app.get("/api/datasets", async (c) => {
    c.header("Cache-Control", "no-cache");
    return c.json(await listDatasets(dataDir));
  });
}

async function listDatasets(dataDir: string): Promise<DatasetInfo[]> {
  try {
    const classes = Array.from({ length: CLASSES }, (_, digit) => String(digit));
    return [{ name: "MNIST", classes, ...await checkDataset(dataDir), kind: "folder" }];
  } catch (error) {
    if (error instanceof StartupError) return [];
    throw error;
  }
}

/** How long, in seconds, a browser may keep a picture without asking again; datasets seldom change. */
const KEEP_SECONDS = 3600;

/** The dataset's test digits, read at the first request because not every service needs their 8 MB. */
export class TestDigits {
  readonly #dataDir: string;
  #reading?: Promise<DigitSet>;
  /** The last message about unreadable files, which is not repeated. */
  #complaint = "";

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /**
   * @throws {HttpError} 404 when they cannot be read. The reason goes to the log; the client's message has no paths.
   */
  async read(): Promise<DigitSet> {
    this.#reading ??= readTestDigits(this.#dataDir);
    try {
      return await this.#reading;
    } catch (error) {
      // The files may be added while the service runs.
      this.#reading = undefined;
      if (!(error instanceof StartupError)) throw error;
      if (error.message !== this.#complaint) console.error(error.message);
      this.#complaint = error.message;
      throw new HttpError(
        404,
        'The lab has no test digits that it can read: run "deno task fetch-data" where it runs.',
      );
    }
  }
}

/**
 * Adds `GET /api/digits?label=3&count=12&seed=1`, which draws test digits at random: `{"digits": [{"index",
 * "label"}]}`. The same seed draws the same digits; without a label, of all labels. And `GET /api/digits/{index}.png`:
 * the picture as the dataset holds it, 28×28, single-channel, ink 255 on paper 0.
 */
export function addDigitRoutes(app: Hono, digits: Pick<TestDigits, "read">): void {
  app.get("/api/digits", async (c) => {
    const given = Object.entries(c.req.query()).filter(([, text]) => !isNullText(text));
    const { label, count, seed = crypto.getRandomValues(new Uint32Array(1))[0] } = validate(
      DigitQuerySchema,
      Object.fromEntries(given),
      "the query",
    );
    const set = await digits.read();
    c.header("Cache-Control", "no-cache");
    return c.json({ digits: draw(set, label, count, seed) });
  });

  app.get("/api/digits/:name", async (c) => {
    const index = /^(\d{1,9})\.png$/.exec(c.req.param("name"))?.[1];
    if (index === undefined) throw new HttpError(400, "A digit is asked for by its number, as /api/digits/0.png.");
    const set = await digits.read();
    const at = Number(index);
    if (at >= set.count) {
      throw new HttpError(404, `There is no test digit ${at}: they are numbered from 0 to ${set.count - 1}.`);
    }
    const png = pictureOf(set, at);
    const etag = `"${new Uint8Array(await crypto.subtle.digest("SHA-256", png)).toHex().slice(0, 32)}"`;
    const headers = { "ETag": etag, "Cache-Control": `private, max-age=${KEEP_SECONDS}` };
    if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
    return c.body(png, 200, { ...headers, "Content-Type": "image/png" });
  });
}

function draw({ count: all, labels }: DigitSet, label: number | undefined, count: number, seed: number) {
  const drawn: { index: number; label: number }[] = [];
  for (const index of permutation(seed, STREAMS.sample, 0, all)) {
    if (drawn.length === count) break;
    if (label === undefined || labels[index] === label) drawn.push({ index, label: labels[index] });
  }
  return drawn;
}

function pictureOf({ images }: DigitSet, index: number): Uint8Array<ArrayBuffer> {
  const data = images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
  return Uint8Array.from(encode({ width: IMAGE_SIDE, height: IMAGE_SIDE, channels: 1, depth: 8, data }));
}
