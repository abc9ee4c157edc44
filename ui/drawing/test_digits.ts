import { signal } from "@preact/signals";
import { GRID_SIDE, type TestDigit } from "../shared/canvas/marks.ts";
import { errorOf, type LabRequests } from "../shared/wire/connection.ts";
import { UNREACHABLE } from "./outcome.ts";

/** A test digit that the page offers. */
export type OfferedDigit = Pick<TestDigit, "index" | "label">;

/** Decodes a PNG to 784 bytes, ink 255 on paper 0. */
export type DecodePicture = (png: Uint8Array) => Promise<Uint8Array>;

/** Number of test digits offered at a time. */
export const OFFERED = 10;

/** Digits of the test set, to try a model without drawing. */
export class TestDigits {
  /** Undefined until the service has answered. */
  readonly offered = signal<readonly OfferedDigit[] | undefined>(undefined);
  /** Why no digits are offered, or why the picked digit could not be loaded. */
  readonly complaint = signal<string | undefined>(undefined);
  readonly #connection: LabRequests;
  readonly #decode: DecodePicture;
  #offers = 0;
  #picks = 0;

  constructor(connection: LabRequests, decode: DecodePicture) {
    this.#connection = connection;
    this.#decode = decode;
  }

  /** Offers the next ten; the first ten are always the same. */
  async offer(): Promise<void> {
    const number = ++this.#offers;
    const path = `/api/digits?count=${OFFERED}&seed=${number}`;
    const reply = await this.#connection.request(path).catch(() => undefined);
    if (number !== this.#offers) return;
    if (reply?.status === 200) {
      this.offered.value = (reply.body as { digits: OfferedDigit[] }).digits;
      this.complaint.value = undefined;
    } else {
      this.complaint.value = reply ? errorOf(reply) : UNREACHABLE;
    }
  }

  /** The digit with its pixels; undefined if they cannot be loaded or another digit was picked meanwhile. */
  async pick({ index, label }: OfferedDigit): Promise<TestDigit | undefined> {
    const number = ++this.#picks;
    try {
      const pixels = await this.#decode(await this.#connection.download(pictureOf(index)));
      if (number !== this.#picks) return undefined;
      this.complaint.value = undefined;
      return { kind: "test digit", index, label, pixels };
    } catch {
      if (number === this.#picks) this.complaint.value = "This digit could not be loaded. Try again.";
    }
  }
}

/** Address of the picture of a test digit. */
export function pictureOf(index: number): string {
  return `/api/digits/${index}.png`;
}

/** Decodes a single-channel PNG of 28 × 28 pixels with the browser's decoder. */
export async function decodePicture(png: Uint8Array): Promise<Uint8Array> {
  const picture = await createImageBitmap(new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID_SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0);
  picture.close();
  const { data } = context.getImageData(0, 0, GRID_SIDE, GRID_SIDE);
  return Uint8Array.from({ length: GRID_SIDE * GRID_SIDE }, (_, pixel) => data[4 * pixel]);
}
