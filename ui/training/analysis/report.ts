import type { ModelAnalysis } from "../../../protocol/mod.ts";

/** A test digit as a model saw it. */
export interface SeenDigit {
  /** Its number in the dataset. */
  index: number;
  was: number;
  said: number;
  /** How sure the model was of what it said, 0 to 1. */
  confidence: number;
}

export interface ClassScore {
  digit: number;
  /** How many of the test digits it has, and how many of these the model tells. */
  count: number;
  correct: number;
  /** Per cent; undefined where there are none. */
  percent?: number;
}

/** A probability of 1, as the service packs it. */
const CERTAIN = 65535;

/** What an analysis says, ready to be looked at. */
export class Report {
  readonly modelId: string;
  readonly count: number;
  readonly accuracy: number;
  readonly recordedAccuracy: number;
  /** `[was][said]` */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassScore[];
  /** The most confident first. */
  readonly mistakes: readonly SeenDigit[];
  readonly #digits: readonly SeenDigit[];

  constructor(analysis: ModelAnalysis) {
    this.modelId = analysis.model_id;
    this.count = analysis.count;
    this.accuracy = analysis.accuracy;
    this.recordedAccuracy = analysis.recorded_accuracy;
    this.confusion = analysis.confusion;
    this.classes = analysis.confusion.map((row, digit) => {
      const count = row.reduce((a, b) => a + b, 0), correct = row[digit];
      return { digit, count, correct, percent: count === 0 ? undefined : 100 * correct / count };
    });
    const labels = bytesOf(analysis.labels), said = bytesOf(analysis.said);
    const confidence = new DataView(bytesOf(analysis.confidence).buffer);
    this.#digits = Array.from(labels, (was, index) => (
      { index, was, said: said[index], confidence: confidence.getUint16(2 * index, true) / CERTAIN }
    ));
    this.mistakes = this.#digits.filter(({ was, said }) => was !== said).sort(moreConfident);
  }

  /** The digits of one cell. Of mistakes the most confident come first, of the others the least. */
  digitsOf(was: number, said: number): SeenDigit[] {
    const digits = this.#digits.filter((digit) => digit.was === was && digit.said === said);
    return digits.sort(was === said ? (a, b) => moreConfident(b, a) : moreConfident);
  }

  /** Whether the record's accuracy was measured on other digits, or in another way, than this. */
  get differsFromRecord(): boolean {
    return Math.abs(this.accuracy - this.recordedAccuracy) > 0.005;
  }
}

function moreConfident(a: SeenDigit, b: SeenDigit): number {
  return b.confidence - a.confidence;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
