import { fieldOf, type ModelRecord, PARAM_FIELDS, type PredictParams, showValue } from "../../protocol/mod.ts";

/** A field whose value in a stored model differs from the requested one. */
export interface Difference {
  /** The field's label, as in tables of models. */
  name: string;
  asked: string;
  stored: string;
}

/**
 * Compares the requested and the stored value of each name in `fields`, which are names of `params`. Unknown names are
 * left out.
 */
export function compareFields(fields: readonly string[], params: PredictParams, record: ModelRecord): Difference[] {
  return fields.flatMap((field) => {
    const found = PARAM_FIELDS.find(({ param }) => param === field);
    if (found === undefined) return [];
    const { name, param } = found;
    return [{ name: fieldOf(name).label, asked: showValue(params[param]), stored: showValue(record[name]) }];
  });
}
