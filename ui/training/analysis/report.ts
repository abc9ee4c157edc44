import type { ModelAnalysis } from "../../../protocol/mod.ts";

/** A test digit with the answer of a model. */
export interface SeenDigit {
  /** Its index in the test set. */
  index: number;
  /** Its label. */
  was: number;
  /** The answer. */
  said: number;
  /** Probability of the answer, 0 to 1. */
  confidence: number;
}

/** How well a model recognises one digit. */
export interface ClassScore {
  digit: number;
  /** Test digits of this class. */
  count: number;
  /** How many of them the model recognises. */
  correct: number;
  /** The same in per cent; undefined if there are no such digits. */
  percent?: number;
}

/** A probability of 1, in the 16 bits that the service sends. */
const CERTAIN = 65535;

/** The analysis of a model, unpacked for the page. */
export class Report {
  readonly modelId: string;
  /** Number of test digits. */
  readonly count: number;
  /** Per cent of the test digits. */
  readonly accuracy: number;
  /** The accuracy in the model's record, in per cent. */
  readonly recordedAccuracy: number;
  /** Counts by `[was][said]`. */
  readonly confusion: readonly (readonly number[])[];
  /** One for each digit, in order. */
  readonly classes: readonly ClassScore[];
  /** Digits that the model got wrong, with the most confident answers first. */
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

  /** The digits of one cell: mistakes with the most confident first, right answers with the least confident first. */
  digitsOf(was: number, said: number): SeenDigit[] {
    const digits = this.#digits.filter((digit) => digit.was === was && digit.said === said);
    return digits.sort(was === said ? (a, b) => moreConfident(b, a) : moreConfident);
  }

  /** Whether the record states a different accuracy, because it was measured on other digits or another device. */
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
