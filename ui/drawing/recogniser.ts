import { BlankDrawingError, prepareDrawing, type Raster } from "../../core/mnist/drawing/drawing.ts";
import { FALSE_ALARM_PERCENT, isOutOfDistribution } from "../../core/mnist/ood/ood.ts";
import { describeDoubt, describePrediction, type ModelRecord, type PredictRequest } from "../../protocol/mod.ts";
import type { LocalEngine } from "../shared/engine/engines.ts";
import type { LabConnection } from "../shared/wire/connection.ts";
import { askService } from "./ask_service.ts";
import type { ModelChoice } from "./model_choice.ts";
import type { Outcome } from "./outcome.ts";

export interface Drawing {
  readonly blank: boolean;
  /** The drawing as a PNG data URL, 280×280. */
  toDataUrl(): string;
  /** The same picture as pixels. */
  toRaster(): Raster;
}

/** A drawing to be recognised. */
export interface Attempt {
  drawing: Drawing;
  /** From when on its time counts, in ms. */
  since: number;
  /** Aborted when nobody waits for it any more. */
  signal: AbortSignal;
  /** Hears what is going on meanwhile. */
  report(outcome: Outcome): void;
}

export interface RecogniserParts {
  connection: LabConnection;
  engine: LocalEngine;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  now(): number;
}

/** Has the chosen model read a drawing, in this page or on the server. */
export class Recogniser {
  constructor(private readonly parts: RecogniserParts, private readonly choice: ModelChoice) {}

  /** In this page, or where that does not work, on the server. `answeredBy` hears which model has answered here. */
  async here(attempt: Attempt, answeredBy: (record: ModelRecord) => void): Promise<Outcome> {
    const { choice, parts: { engine, now } } = this;
    try {
      const pixels = prepareDrawing(attempt.drawing.toRaster());
      if (choice.chosen.value === undefined) await choice.refresh();
      const record = choice.chosen.value;
      if (record === undefined) {
        // The page can say so by itself, unless it does not know what the service has.
        const miss = choice.miss.value;
        return miss ? { kind: "not trained", ...miss } : await this.there(attempt);
      }
      if (!engine.isReady(record)) attempt.report({ kind: "loading" });
      const { probabilities, device } = await engine.predict(record, pixels);
      const source = { by: device, milliseconds: now() - attempt.since };
      answeredBy(record);
      const doubt = describeDoubt(isOutOfDistribution(pixels), FALSE_ALARM_PERCENT);
      return { kind: "recognised", answer: describePrediction(record, probabilities, doubt), source, pixels };
    } catch (error) {
      if (error instanceof BlankDrawingError) return { kind: "blank" };
      return await this.there(attempt, { isStandIn: true });
    }
  }

  async there(attempt: Attempt, note: { isStandIn?: boolean } = {}): Promise<Outcome> {
    const { drawing, since, signal } = attempt;
    attempt.report({ kind: "asking" });
    const image_data = drawing.toDataUrl();
    const raster = drawing.toRaster();
    const id = this.choice.modelId.value;
    const body: PredictRequest = id === undefined
      ? { params: this.choice.form.params.value, image_data }
      : { model_id: id, image_data };
    const reply = await askService(this.parts.connection, body, signal);
    if ("kind" in reply) {
      const isGone = id !== undefined && await this.choice.isGone(id) && !signal.aborted;
      return isGone ? this.choice.forgetGone(id) : reply;
    }
    return {
      kind: "recognised",
      answer: reply,
      source: { by: "server", milliseconds: this.parts.now() - since, ...note },
      // The server prepares the picture by the same code.
      pixels: prepareDrawing(raster),
    };
  }
}
