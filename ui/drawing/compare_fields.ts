import { fieldOf, type ModelRecord, PARAM_FIELDS, type PredictParams, showValue } from "../../protocol/mod.ts";

/** A field in which a stored model is not as it was asked for. */
export interface Difference {
  /** As tables of models label the field. */
  name: string;
  asked: string;
  stored: string;
}

/** The values behind each name of `fields`, which are names of `params`, side by side; unknown names are left out. */
export function compareFields(fields: readonly string[], params: PredictParams, record: ModelRecord): Difference[] {
  return fields.flatMap((field) => {
    const found = PARAM_FIELDS.find(({ param }) => param === field);
    if (found === undefined) return [];
    const { name, param } = found;
    return [{ name: fieldOf(name).label, asked: showValue(params[param]), stored: showValue(record[name]) }];
  });
}
