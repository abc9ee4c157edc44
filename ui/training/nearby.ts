import { isDuplicate, type ModelRecord, sameWidths, type TrainConfig } from "../../protocol/mod.ts";
import { formatWidths } from "../shared/text/format.ts";

/** A stored model that is like a configuration, and in what it is not. */
export interface Nearby {
  model: ModelRecord;
  /** In words, such as `5 epochs`; empty for an exact duplicate. */
  differs: string[];
}

/** Models that differ in more than this are not like it. */
const MOST_DIFFERENCES = 2;

/** The stored model that differs from `config` in the fewest fields: of several the most accurate, then the newest. */
export function findNearby(records: readonly ModelRecord[], config: TrainConfig): Nearby | undefined {
  let nearest: Nearby | undefined;
  for (const model of records) {
    const differs = isDuplicate(model, config) ? [] : differencesOf(model, config);
    if (differs.length > MOST_DIFFERENCES) continue;
    if (nearest === undefined || differs.length < nearest.differs.length) nearest = { model, differs };
    else if (differs.length === nearest.differs.length && isBetter(model, nearest.model)) nearest = { model, differs };
  }
  return nearest;
}

/** What `model` has where `config` has something else. */
function differencesOf(model: ModelRecord, config: TrainConfig): string[] {
  const widths = model.hidden_layers_config;
  const dropout = model.use_dropout ? `dropout ${model.dropout_p}` : "no dropout";
  const sameDropout = model.use_dropout === config.use_dropout &&
    (!config.use_dropout || model.dropout_p === config.dropout_p);
  const fields: [isSame: boolean, words: string][] = [
    [model.model_type === config.model_type, model.model_type],
    [
      sameWidths(widths, config.hidden_layers_config),
      widths.length === 0 ? "no hidden layers" : `hidden layers ${formatWidths(widths)}`,
    ],
    [sameDropout, dropout],
    [model.optimizer === config.optimizer, model.optimizer],
    [model.learning_rate === config.learning_rate, `learning rate ${model.learning_rate}`],
    [model.num_epochs === config.num_epochs, model.num_epochs === 1 ? "1 epoch" : `${model.num_epochs} epochs`],
    [model.batch_size === config.batch_size, `batch size ${model.batch_size}`],
  ];
  return fields.filter(([isSame]) => !isSame).map(([, words]) => words);
}

function isBetter(a: ModelRecord, b: ModelRecord): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.timestamp > b.timestamp);
}
