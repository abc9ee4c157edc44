/** The query string with which the two pages pass their fields to each other. */
import type { PredictParams } from "./requests.ts";
import { isNullText, writeValue } from "./field_kinds.ts";
import { FIELD_NAMES, type FieldName, fieldOf, type MODEL_FIELDS } from "./model_config.ts";
import { unknownName } from "./validate.ts";

type Fields = typeof MODEL_FIELDS;

/** A field's name in the query string. */
type QueryName = { [Name in FieldName]: Fields[Name] extends { query: infer Query } ? Query : Name }[FieldName];

/**
 * Field values as a query carries them: all optional, all text, checked by the form that takes them over. `seed` is the
 * training page's alone; `device` is where a page trains or predicts; `model_id` names one model whatever the fields
 * say; `back` is the query of the training page as it was left.
 */
export type FormQuery = { [Key in QueryName | keyof PredictParams | (typeof OTHER_NAMES)[number]]?: string };

/** Names in a query that are not fields. */
const OTHER_NAMES = ["seed", "device", "model_id", "back"] as const;

/** The name of `field` in the query string. */
export function queryName(field: FieldName): keyof FormQuery {
  return (fieldOf(field).query ?? field) as keyof FormQuery;
}

/** All names that a query may carry. */
export function queryNames(): (keyof FormQuery)[] {
  const names = FIELD_NAMES.flatMap((name) => [queryName(name), fieldOf(name).param ?? queryName(name)]);
  return [...new Set([...names, ...OTHER_NAMES])] as (keyof FormQuery)[];
}

/** The fields in the query string `search`; `null` means that a field was left out, and other keys are ignored. */
export function parseFormQuery(search: string): FormQuery {
  const given = new URLSearchParams(search);
  const query: FormQuery = {};
  for (const name of queryNames()) {
    const value = given.get(name);
    if (value !== null && !isNullText(value)) query[name] = value;
  }
  return query;
}

/**
 * Messages for unknown keys in a page's query string `search`, each with the nearest known key.
 *
 * @param others keys that the page knows besides the fields of its form
 */
export function unknownInQuery(search: string, others: readonly string[]): string[] {
  // The service takes the token out of the address, but a proxy may have put it there again.
  const known = [...queryNames(), ...others], allowed = [...known, "token"];
  const unknown = new Set([...new URLSearchParams(search).keys()].filter((key) => !allowed.includes(key)));
  return [...unknown].map((key) => unknownName("field", key, known));
}

/** The query string of `query`, without the question mark. */
export function formatFormQuery(query: FormQuery): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given).toString();
}

/** The query for the model that `params` describe. */
export function paramsQuery(params: Partial<PredictParams>): FormQuery {
  const query: FormQuery = {};
  for (const name of Object.keys(params) as (keyof PredictParams)[]) {
    const value = params[name];
    if (value != null) query[name] = writeValue(value);
  }
  return query;
}
