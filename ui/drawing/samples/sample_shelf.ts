import { signal } from "@preact/signals";
import type { Sample } from "../canvas/marks.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";

/** A digit of the test set: its place there, and what its writer meant. */
export interface TestDigit {
  index: number;
  label: number;
}

/** The picture of a PNG as 784 bytes, ink 255 on paper 0. */
export type DecodeSample = (png: Uint8Array) => Promise<Uint8Array>;

/** Digits in one handful. */
export const HANDFUL = 10;

/** Handfuls of test digits, to try a model on without drawing. */
export class SampleShelf {
  /** Undefined until the service has told. */
  readonly digits = signal<readonly TestDigit[] | undefined>(undefined);
  /** Why there are none, or why the one that was taken did not come. */
  readonly complaint = signal<string | undefined>(undefined);
  #handful = 0;
  #taken = 0;

  constructor(private readonly connection: LabConnection, private readonly decode: DecodeSample) {}

  /** Puts another handful out; the first one is always the same. */
  async refill(): Promise<void> {
    const number = ++this.#handful;
    const path = `/api/digits?count=${HANDFUL}&seed=${number}`;
    const reply = await this.connection.request(path).catch(() => undefined);
    if (number !== this.#handful) return;
    if (reply?.status === 200) {
      this.digits.value = (reply.body as { digits: TestDigit[] }).digits;
      this.complaint.value = undefined;
    } else {
      this.complaint.value = reply
        ? errorOf(reply)
        : "The inference service cannot be reached. Check that it is running, then try again.";
    }
  }

  /** The digit with its picture; undefined where that cannot be had, or another was taken meanwhile. */
  async take({ index, label }: TestDigit): Promise<Sample | undefined> {
    const number = ++this.#taken;
    try {
      const pixels = await this.decode(await this.connection.download(pictureOf(index)));
      if (number !== this.#taken) return undefined;
      this.complaint.value = undefined;
      return { kind: "sample", index, label, pixels };
    } catch {
      if (number === this.#taken) this.complaint.value = "This digit could not be fetched. Try again.";
    }
  }
}

export function pictureOf(index: number): string {
  return `/api/digits/${index}.png`;
}
