import { computed, signal } from "@preact/signals";
import { BlankDrawingError, prepareDrawing, type Raster } from "../../../core/mnist/drawing/drawing.ts";
import { plainPredict } from "../../../core/models/plain_network.ts";
import { GridCursor } from "../../drawing/canvas/grid_cursor.ts";
import { Sketch } from "../../drawing/canvas/sketch.ts";
import type { StoredWeights } from "../../shared/wire/stored_weights.ts";
import type { Run } from "../run.ts";

export interface ProbeAnswer {
  /** Ten, in digit order. */
  probabilities: readonly number[];
  /** Steps that the model had trained; undefined for the finished one. */
  step?: number;
}

/** A drawing of the user's own that the model of a run is asked about while it learns, and when it is done. */
export class Probe {
  readonly sketch = new Sketch();
  readonly cursor = new GridCursor(this.sketch);
  /** 784 bytes, ink 255 on paper 0. */
  readonly pixels = signal<Uint8Array | undefined>(undefined);
  /** What the finished model says, where it was asked about the present drawing. */
  readonly #final = signal<readonly number[] | undefined>(undefined);

  readonly answer = computed((): ProbeAnswer | undefined => {
    if (this.pixels.value === undefined) return undefined;
    if (this.#final.value !== undefined) return { probabilities: this.#final.value };
    const guess = this.run.guess.value;
    if (guess?.probabilities == null) return undefined;
    return { probabilities: guess.probabilities, step: this.run.result.value === undefined ? guess.step : undefined };
  });

  /** Whether the model's answers are numbers no longer. */
  readonly isLost = computed(() => this.run.guess.value !== undefined && this.run.guess.value.probabilities === null);

  constructor(private readonly run: Run, private readonly weights: StoredWeights) {}

  /** Takes the drawing as it is now; a blank one clears the probe. */
  async drawn(drawing: { toRaster(): Raster }): Promise<void> {
    this.#final.value = undefined;
    try {
      this.pixels.value = prepareDrawing(drawing.toRaster());
    } catch (error) {
      if (!(error instanceof BlankDrawingError)) throw error;
      return this.clear();
    }
    this.run.watch(this.pixels.value);
    await this.askFinished();
  }

  clear(): void {
    this.pixels.value = undefined;
    this.#final.value = undefined;
    this.run.watch(undefined);
  }

  /** A run that begins answers anew. */
  forgetFinished(): void {
    this.#final.value = undefined;
  }

  /** Asks the trained model, once there is one, about the drawing. */
  async askFinished(): Promise<void> {
    const pixels = this.pixels.value, result = this.run.result.value;
    if (pixels === undefined || result === undefined) return;
    // Removed or unreadable: then nobody answers.
    const stored = await this.weights.get(result.model_id).catch(() => undefined);
    if (stored === undefined || this.pixels.value !== pixels || this.run.result.value !== result) return;
    this.#final.value = [...plainPredict(stored.spec, stored.weights, pixels)];
  }
}
