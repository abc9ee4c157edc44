import type { ReadonlySignal } from "@preact/signals";
import type { ModelRecord } from "../../../protocol/mod.ts";
import type { AttributionEngine, SeveralModels } from "../../shared/engine/engines.ts";
import type { Preferences } from "../../shared/wire/preferences.ts";
import type { InferenceModel } from "../model.ts";
import { AllModels } from "./all_models.ts";
import { ExplainedModel } from "./explained_model.ts";

export interface InsightParts {
  insights: AttributionEngine;
  several: SeveralModels;
  preferences: Preferences;
  whenIdle(callback: () => void): () => void;
}

/** What the drawing page can tell beyond the answer. */
export class InsightModel {
  readonly explained: ExplainedModel;
  readonly all: AllModels;
  readonly useModel: (record: ModelRecord) => void;
  /** The model that answers now, or is about to. */
  readonly inUse: ReadonlySignal<ModelRecord | undefined>;

  constructor(page: InferenceModel, { insights, several, preferences, whenIdle }: InsightParts) {
    const { answered } = page;
    const findRecord = (id: string) => page.choice.findRecord(id);
    this.explained = new ExplainedModel({ answered, findRecord, engine: insights, preferences, whenIdle });
    const pause = () => new Promise<void>((resolve) => void whenIdle(resolve));
    this.all = new AllModels({ drawn: page.drawn, list: () => page.choice.listModels(), engine: several, pause });
    this.useModel = (record) => page.useModel(record);
    this.inUse = page.choice.chosen;
  }
}
