import { computed, signal } from "@preact/signals";
import type { ModelAnalysis } from "../../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";
import type { StoredWeights, Weights } from "../../shared/wire/stored_models.ts";

/** The state of the requested analysis. */
export type AnalysisState =
  | { phase: "none" }
  | { phase: "working"; id: string }
  | { phase: "failed"; id: string; words: string }
  | { phase: "ready"; id: string; report: Report };

/** The first layer, or why there is none; `failed` holds the reason as a sentence. */
export type FirstLayerState = FirstLayer | "loading" | { failed: string };

/** A cell of the confusion matrix, which counts the digits `was` that the model read as `said`. */
export interface Cell {
  /** The digit of its row. */
  was: number;
  /** The answer of its column. */
  said: number;
}

/** The analysis of one stored model: what it confuses, and what its first layer looks for. */
export class Analysis {
  readonly state = signal<AnalysisState>({ phase: "none" });
  readonly firstLayer = signal<FirstLayerState>("loading");
  /** The chosen cell of the matrix, whose digits are shown. */
  readonly cell = signal<Cell | undefined>(undefined);
  /** The id of the model that is analysed. */
  readonly id = computed(() => this.state.value.phase === "none" ? undefined : this.state.value.id);
  readonly #connection: LabConnection;
  readonly #weights: StoredWeights;
  /** Number of the latest request; answers to earlier ones are ignored. */
  #request = 0;

  constructor(connection: LabConnection, weights: StoredWeights) {
    this.#connection = connection;
    this.#weights = weights;
  }

  /** Asks the service for the analysis of the model `id`, and reads its first layer. */
  async open(id: string): Promise<void> {
    const number = ++this.#request;
    const isCurrent = () => number === this.#request;
    this.cell.value = undefined;
    this.firstLayer.value = "loading";
    this.state.value = { phase: "working", id };
    const layer = this.#openFirstLayer(id, isCurrent);
    const reply = await this.#connection.request(`/api/models/${encodeURIComponent(id)}/analysis`).catch(() =>
      undefined
    );
    if (isCurrent()) {
      if (reply === undefined) {
        this.state.value = { phase: "failed", id, words: "The lab could not be reached. Try again." };
      } else if (reply.status === 200) {
        this.state.value = { phase: "ready", id, report: new Report(reply.body as ModelAnalysis) };
      } else {
        this.state.value = { phase: "failed", id, words: errorOf(reply) };
      }
    }
    await layer;
  }

  /** Closes the analysis. */
  close(): void {
    this.#request++;
    this.cell.value = undefined;
    this.state.value = { phase: "none" };
  }

  async #openFirstLayer(id: string, isCurrent: () => boolean): Promise<void> {
    const failed = "The model's weights could not be read.";
    const found = await this.#weights.get(id).then(firstLayerOf).catch(() => ({ failed }));
    if (isCurrent()) this.firstLayer.value = found;
  }
}

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

/** The weights of a model's first layer as pictures: one for each unit, filter or, without a hidden layer, digit. */
export interface FirstLayer {
  kind: "units" | "filters" | "digits";
  /** Rows and columns of a picture. */
  side: number;
  /** `side * side` weights for each picture, from the top left. */
  pictures: readonly Float32Array[];
  /** The largest absolute weight, which gets the strongest colour. */
  largest: number;
}

/** The first layer of a model. Its weights are `[units, pixels]`, or `[filters, 1, side, side]` of a convolution. */
function firstLayerOf({ spec, weights }: Weights): FirstLayer {
  const { data, shape: [count, inputs, kernel] } = weights[0];
  const isConvolution = kernel !== undefined;
  const side = isConvolution ? kernel : Math.sqrt(inputs), area = side * side;
  const pictures = Array.from({ length: count }, (_, unit) => data.subarray(unit * area, (unit + 1) * area));
  const largest = data.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const kind = isConvolution ? "filters" : spec.hiddenLayers.length === 0 ? "digits" : "units";
  return { kind, side, pictures, largest };
}
