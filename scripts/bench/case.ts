/** What a benchmark case is. */
import type { Dataset } from "../../core/mnist/idx.ts";
import type { Settings } from "../../service/settings.ts";

export interface Figure {
  value: number;
  /** Such as `steps/s`. */
  unit: string;
}

export interface Case {
  /** Its first word names the family, such as `train`. */
  name: string;
  /** Proves that the results are right, then times; throws where they are not. */
  measure(): Promise<Figure[]>;
}

/** Thrown by a case that cannot run on this machine; the message says what is missing. */
export class Skipped extends Error {
  override name = "Skipped";
}

/** What the cases have in common. */
export interface Bench {
  dataset: Dataset;
  settings: Settings;
  /** How long to time one case. */
  seconds: number;
  /** How often ours and a peer are timed in turn. */
  pairs: number;
}
