import * as v from "valibot";
import { quote } from "./quote.ts";

/** Bad input from outside: the message names the field, what came and what is allowed, in words for people. */
export class ValidationError extends Error {
  override name = "ValidationError";
  constructor(message: string, readonly field: string) {
    super(message);
  }
}

type Schema = v.GenericSchema<unknown, unknown>;

/** Checks `value` against `schema` and returns the typed output, or throws a `ValidationError` for the first fault. */
export function validate<S extends Schema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = v.getDotPath(issue) ?? "";
  const missing = issue.input === undefined && issue.path !== undefined;
  const message = field === ""
    ? `${what} ${issue.type === "object" || issue.type === "strict_object" ? "must be a JSON object" : issue.message}`
    : missing
    ? `${field} is missing`
    : `${field} ${issue.message}, got ${quote(issue.input)}`;
  throw new ValidationError(message, field);
}
