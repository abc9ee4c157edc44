import { computed, signal } from "@preact/signals";
import { BlankDrawingError, prepareDrawing, type Raster } from "../../../core/mnist/drawing/prepare_drawing.ts";
import { plainPredict } from "../../../core/models/plain_network.ts";
import { GridCursor } from "../../shared/canvas/grid_cursor.ts";
import { Sketch } from "../../shared/canvas/sketch.ts";
import type { StoredWeights } from "../../shared/wire/stored_models.ts";
import type { Run } from "../run/run.ts";

/** A network's answer to the drawing on the live pad. */
export interface LivePadAnswer {
  /** Ten, in digit order. */
  probabilities: readonly number[];
  /** Steps that the network had been trained; undefined for the finished model. */
  step?: number;
}

/** A drawing that a run's network classifies while it trains, and the stored model once the run is done. */
export class LivePad {
  readonly sketch = new Sketch();
  readonly cursor = new GridCursor(this.sketch);
  /** The drawing as 784 bytes, ink 255 on paper 0; undefined while nothing is drawn. */
  readonly pixels = signal<Uint8Array | undefined>(undefined);
  readonly #run: Run;
  readonly #weights: StoredWeights;
  /** The finished model's probabilities for the current drawing. */
  readonly #finalAnswer = signal<readonly number[] | undefined>(undefined);

  /** The latest answer to the current drawing. */
  readonly answer = computed((): LivePadAnswer | undefined => {
    if (this.pixels.value === undefined) return undefined;
    if (this.#finalAnswer.value !== undefined) return { probabilities: this.#finalAnswer.value };
    const guess = this.#run.guess.value;
    if (guess?.probabilities == null) return undefined;
    return { probabilities: guess.probabilities, step: this.#run.result.value === undefined ? guess.step : undefined };
  });

  /** Whether the network answers NaN. */
  readonly hasDiverged = computed(() => this.#run.guess.value?.probabilities === null);

  constructor(run: Run, weights: StoredWeights) {
    this.#run = run;
    this.#weights = weights;
  }

  /** Takes over the drawing as it is now; a blank drawing clears the pad. */
  async setDrawing(drawing: { toRaster(): Raster }): Promise<void> {
    this.#finalAnswer.value = undefined;
    try {
      this.pixels.value = prepareDrawing(drawing.toRaster());
    } catch (error) {
      if (!(error instanceof BlankDrawingError)) throw error;
      return this.clear();
    }
    this.#run.watch(this.pixels.value);
    await this.askFinishedModel();
  }

  /** Forgets the drawing and its answers. */
  clear(): void {
    this.pixels.value = undefined;
    this.#finalAnswer.value = undefined;
    this.#run.watch(undefined);
  }

  /** Makes room for the answers of a run that begins. */
  forgetFinalAnswer(): void {
    this.#finalAnswer.value = undefined;
  }

  /** Asks the trained model, once there is one, about the drawing. */
  async askFinishedModel(): Promise<void> {
    const pixels = this.pixels.value, result = this.#run.result.value;
    if (pixels === undefined || result === undefined) return;
    // A model that was deleted or cannot be read leaves the last guess on the page.
    const stored = await this.#weights.get(result.model_id).catch(() => undefined);
    if (stored === undefined || this.pixels.value !== pixels || this.#run.result.value !== result) return;
    this.#finalAnswer.value = [...plainPredict(stored.spec, stored.weights, pixels)];
  }
}
