import type { DigitSet } from "../core/mnist/idx.ts";
import { readTestDigits } from "./dataset/dataset.ts";
import { HttpError } from "./errors.ts";
import { StartupError } from "./settings.ts";

/** The dataset's test digits for requests: read when the first one asks, for not every service needs its 8 MB. */
export class TestDigits {
  #reading?: Promise<DigitSet>;
  /** What was said last about files that cannot be read. */
  #complaint = "";

  constructor(private readonly dataDir: string) {}

  /** @throws {HttpError} 404 when there are none that can be read. The terminal hears why, a client no paths. */
  async read(): Promise<DigitSet> {
    this.#reading ??= readTestDigits(this.dataDir);
    try {
      return await this.#reading;
    } catch (error) {
      // They may be put in place while the service runs.
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
