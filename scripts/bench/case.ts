/** What a benchmark case is, and what all cases share. */
import type { Dataset } from "../../core/mnist/idx.ts";
import type { Settings } from "../../service/process/settings.ts";

/** One measured number with its unit. */
export interface Figure {
  value: number;
  /** Such as `steps/s`. */
  unit: string;
}

/** Something that is timed. */
export interface Case {
  /** Its first word names the subject, such as `train`. */
  name: string;
  /** Checks that the results are right, then times; rejects where they are not. */
  measure(): Promise<Figure[]>;
}

/** Thrown by a case that cannot run on this machine; the message says what is missing. */
export class Skipped extends Error {
  override name = "Skipped";
}

/** What every case is given. */
export interface Bench {
  dataset: Dataset;
  settings: Settings;
  /** How long to time one case. */
  seconds: number;
  /** How many times ours and a peer are timed in turn. */
  pairs: number;
}
