import { computed, signal } from "@preact/signals";
import type { ModelAnalysis } from "../../../protocol/mod.ts";
import { errorOf, type LabConnection } from "../../shared/wire/connection.ts";
import type { StoredWeights } from "../../shared/wire/stored_models.ts";
import { type FirstLayer, firstLayerOf } from "./first_layer.ts";
import { Report } from "./report.ts";

export type AnalysisState =
  | { phase: "none" }
  | { phase: "working"; id: string }
  | { phase: "failed"; id: string; words: string }
  | { phase: "ready"; id: string; report: Report };

/** `failed`: the words say why. */
export type FirstLayerState = FirstLayer | "loading" | { failed: string };

export interface Cell {
  was: number;
  said: number;
}

/** One stored model looked at closely: what it confuses, and what its first layer looks for. */
export class Analysis {
  readonly state = signal<AnalysisState>({ phase: "none" });
  readonly firstLayer = signal<FirstLayerState>("loading");
  /** The cell of the matrix whose digits are shown. */
  readonly cell = signal<Cell | undefined>(undefined);
  /** Of the model that is looked into. */
  readonly id = computed(() => this.state.value.phase === "none" ? undefined : this.state.value.id);
  #asked = 0;

  constructor(private readonly connection: LabConnection, private readonly weights: StoredWeights) {}

  async open(id: string): Promise<void> {
    const number = ++this.#asked;
    const isCurrent = () => number === this.#asked;
    this.cell.value = undefined;
    this.firstLayer.value = "loading";
    this.state.value = { phase: "working", id };
    const layer = this.#openFirstLayer(id, isCurrent);
    const reply = await this.connection.request(`/api/models/${encodeURIComponent(id)}/analysis`).catch(() =>
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

  close(): void {
    this.#asked++;
    this.cell.value = undefined;
    this.state.value = { phase: "none" };
  }

  async #openFirstLayer(id: string, isCurrent: () => boolean): Promise<void> {
    const failed = "The model's weights could not be read.";
    const found = await this.weights.get(id).then(firstLayerOf).catch(() => ({ failed }));
    if (isCurrent()) this.firstLayer.value = found;
  }
}
