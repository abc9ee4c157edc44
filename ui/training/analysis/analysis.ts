import { computed, signal } from "@preact/signals";
import type { ModelAnalysis } from "../../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";
import type { StoredWeights } from "../../shared/wire/stored_models.ts";
import { type FirstLayer, firstLayerOf } from "./first_layer.ts";
import { Report } from "./report.ts";

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
