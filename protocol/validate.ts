/** Input from outside: read, bounded and checked; what is wrong is said in words for people. */
import * as v from "valibot";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "./limits.ts";

/** Every answer from 400 on: what was wrong, where, and what to do. Some carry more, such as what is stored already. */
export const ErrorResponseSchema = v.looseObject({
  error: v.string(),
  /** The field at fault, where the message is about one. */
  field: v.optional(v.string()),
});

/** Bad input from outside. The message names the field, what came and what is allowed. */
export class ValidationError extends Error {
  override name = "ValidationError";
  /** `field` is the name of the field at fault, empty where the message is about none. */
  constructor(message: string, readonly field: string) {
    super(message);
  }
}

/**
 * Checks `value` against `schema`.
 *
 * @param what as a message names the value, such as `the body`
 * @returns the value with the schema's defaults filled in
 * @throws {ValidationError} for the first fault
 */
export function validate<S extends v.GenericSchema<unknown, unknown>>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
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

const MAX_QUOTE = 60;

/** A value from outside as a message can show it: as JSON, so on one line and with visible ends, and cut when long. */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, MAX_QUOTE + 1) : value;
  let shown: string;
  try {
    shown = JSON.stringify(text) ?? String(text);
  } catch {
    shown = typeof text;
  }
  return shown.length > MAX_QUOTE ? `${shown.slice(0, MAX_QUOTE - 3)}…` : shown;
}

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c;
const OPENING = [0x5b, 0x7b], CLOSING = [0x5d, 0x7d];

/**
 * The value of a JSON text. Depth and number of values are counted before the text is parsed: a few bytes can make
 * dozens of values, and a million nested lists overflow the stack of whatever walks them. Long strings, such as a
 * picture, cost next to nothing.
 *
 * @param what as a message names the text, such as `the body`
 * @throws {ValidationError} naming no field
 */
export function parseJson(text: string, what: string): unknown {
  const tooMuch = excess(text);
  if (tooMuch !== undefined) throw new ValidationError(`${what} ${tooMuch}`, "");
  try {
    return JSON.parse(text);
  } catch {
    throw new ValidationError(`${what} is not valid JSON`, "");
  }
}

function excess(text: string): string | undefined {
  let depth = 0, values = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COMMA) values++;
    else if (CLOSING.includes(code)) depth--;
    else if (OPENING.includes(code)) depth++, values++;
    if (depth > MAX_JSON_DEPTH) return `is nested too deeply: at most ${MAX_JSON_DEPTH} levels are taken`;
    if (values > MAX_JSON_VALUES) return `has too many values: at most ${MAX_JSON_VALUES} are taken`;
  }
  return undefined;
}

/** Index of the quote that ends the string which begins at `start`, or the length of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
