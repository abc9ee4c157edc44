import { BlankDrawingError, prepareDrawing, type Raster } from "../../core/mnist/drawing/prepare_drawing.ts";
import { describeDoubt, describePrediction, type ModelRecord, type PredictRequest } from "../../protocol/mod.ts";
import type { LocalEngine } from "../shared/engine/engines.ts";
import type { LabRequests } from "../shared/wire/connection.ts";
import type { ModelChoice } from "./model_choice.ts";
import { askService, type Outcome } from "./outcome.ts";

/** A drawing, as something that can be classified. */
export interface Drawing {
  readonly blank: boolean;
  /** The drawing as a PNG data URL, 280×280. */
  toDataUrl(): string;
  /** The same picture as pixels. */
  toRaster(): Raster;
}

/** One attempt to recognise a drawing. */
export interface Attempt {
  drawing: Drawing;
  /** When its time starts, in ms. */
  since: number;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  /** Called with each outcome on the way to the last one. */
  report(outcome: Outcome): void;
}

/** What `Recogniser` depends on. */
export interface RecogniserParts {
  connection: LabRequests;
  engine: LocalEngine;
  /** Milliseconds on the clock of `Event.timeStamp`. */
  now(): number;
}

/** Recognises drawings with the chosen model, in this browser or on the server. */
export class Recogniser {
  readonly #parts: RecogniserParts;
  readonly #choice: ModelChoice;

  constructor(parts: RecogniserParts, choice: ModelChoice) {
    this.#parts = parts;
    this.#choice = choice;
  }

  /** Answers in this browser, or on the server if that fails. Calls `answeredBy` with the model that answered here. */
  async inBrowser(attempt: Attempt, answeredBy: (record: ModelRecord) => void): Promise<Outcome> {
    const { engine, now } = this.#parts, choice = this.#choice;
    try {
      // A missing model comes before a blank page: it is the first thing to mend.
      if (choice.chosen.value === undefined) await choice.refresh();
      const record = choice.chosen.value, miss = choice.miss.value;
      if (record === undefined && miss) return { kind: "not trained", ...miss };
      const pixels = prepareDrawing(attempt.drawing.toRaster());
      // The page knows the miss itself, unless it could not list the stored models.
      if (record === undefined) return await this.onServer(attempt);
      if (!engine.isReady(record)) attempt.report({ kind: "loading" });
      const [{ probabilities, device }, { FALSE_ALARM_PERCENT, isOutOfDistribution }] = await Promise.all([
        engine.predict(record, pixels),
        // Loaded with the first answer, so that the page itself comes sooner.
        import("../../core/mnist/ood/ood.ts"),
      ]);
      const source = { by: device, milliseconds: now() - attempt.since };
      answeredBy(record);
      const doubt = describeDoubt(isOutOfDistribution(pixels), FALSE_ALARM_PERCENT);
      return { kind: "recognised", answer: describePrediction(record, probabilities, doubt), source, pixels };
    } catch (error) {
      if (error instanceof BlankDrawingError) return { kind: "blank" };
      return await this.onServer(attempt, { isStandIn: true });
    }
  }

  /** Answers on the server. */
  async onServer(attempt: Attempt, note: { isStandIn?: boolean } = {}): Promise<Outcome> {
    const { drawing, since, signal } = attempt, choice = this.#choice;
    attempt.report({ kind: "asking" });
    const image_data = drawing.toDataUrl();
    const raster = drawing.toRaster();
    // The service looks models up by range, and this page by a rate outside all ranges, too.
    const id = choice.modelId.value ?? (choice.form.range.value === undefined ? choice.chosen.value?.id : undefined);
    const request: PredictRequest = id === undefined
      ? { params: choice.form.params.value, image_data }
      : { model_id: id, image_data };
    const reply = await askService(this.#parts.connection, request, signal);
    if ("kind" in reply) {
      const isGone = id !== undefined && await choice.isGone(id) && !signal.aborted;
      return isGone ? choice.forgetGone(id) : reply;
    }
    return {
      kind: "recognised",
      answer: reply,
      source: { by: "server", milliseconds: this.#parts.now() - since, ...note },
      // The server prepares the picture with the same code.
      pixels: prepareDrawing(raster),
    };
  }
}
