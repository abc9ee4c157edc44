/** Reads, limits and checks input from clients; errors have messages for people. */
import * as v from "valibot";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "./client_limits.ts";

/**
 * The body of every answer from 400 on: what was wrong, where, and what to do. Some have more fields, such as the model
 * that is already stored.
 */
export const ErrorResponseSchema = v.looseObject({
  error: v.string(),
  /** The field at fault, if the message is about one. */
  field: v.optional(v.string()),
});

/** Thrown for invalid input. The message names the field, the given value and what is allowed. */
export class ValidationError extends Error {
  override name = "ValidationError";
  /** `field` is the name of the field at fault, empty if the message is not about a field. */
  constructor(message: string, readonly field: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Checks `value` against `schema`.
 *
 * @param what how a message refers to the value, such as `the body`
 * @returns the value with the schema's defaults filled in
 * @throws {ValidationError} for the first fault
 */
export function validate<S extends v.GenericSchema<unknown, unknown>>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  // A mistyped name explains why another field is missing; an unrelated one does not.
  const mistyped = result.issues.find(({ message }) => message.includes(HINT));
  const issue = mistyped ?? result.issues.find((issue) => !isUnknownField(issue)) ?? result.issues[0];
  const field = v.getDotPath(issue) ?? "";
  // For valibot a list is an object without the fields.
  const at = issue.path?.findIndex(({ type, input }) => type === "object" && Array.isArray(input)) ?? -1;
  if (at >= 0) {
    const name = issue.path!.slice(0, at).map(({ key }) => key).join(".");
    const got = name === "" ? "" : `, got ${quote(issue.path![at].input)}`;
    throw new ValidationError(`${name || what} must be a JSON object${got}`, name);
  }
  if (isUnknownField(issue)) {
    const isNested = issue.path!.length > 1;
    throw new ValidationError(isNested ? `${cut(field)}: ${issue.message}` : issue.message, cut(field));
  }
  const isMissing = issue.input === undefined || (issue.input === null && issue.path?.at(-1)?.type === "object");
  const missing = isMissing && issue.path !== undefined;
  const message = field === ""
    ? `${what} ${issue.type === "object" || issue.type === "strict_object" ? "must be a JSON object" : issue.message}`
    : missing
    ? `${field} is missing`
    // The input of a check over several fields is the whole object.
    : `${field} ${issue.message}, got ${
      quote(issue.type === "partial_check" ? issue.path!.at(-1)!.value : issue.input)
    }`;
  throw new ValidationError(message, field);
}

/**
 * An object that has `entries` and no other field. An unknown field is refused by name, and the error suggests the
 * nearest known one.
 */
export function exactObject<const Entries extends v.ObjectEntries>(entries: Entries) {
  const message = (issue: v.StrictObjectIssue) =>
    isUnknownField(issue) ? unknownField(String(issue.input), Object.keys(entries)) : "must be a JSON object";
  return v.strictObject(entries, message);
}

const HINT = "; did you mean ";

/** The message for a field that is not among `known`: "unknown field `sed`; did you mean `seed`?" */
export function unknownField(name: string, known: readonly string[]): string {
  const message = unknownName("field", name, known);
  return message.includes(HINT) ? message : `${message}; known are ${known.join(", ")}`;
}

/**
 * The same message for another kind of name, without a list of known names: "unknown optimizer `Adm`; did you mean
 * `Adam`?"
 */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return `unknown ${what} \`${JSON.stringify(cut(name)).slice(1, -1)}\`${
    nearest === undefined ? "" : `${HINT}\`${nearest}\`?`
  }`;
}

/** The name in `known` that was probably meant by `name`; undefined if none is similar. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const typed = plain(cut(name));
  let nearest: string | undefined, fewest = Infinity;
  for (const candidate of known) {
    const meant = plain(candidate), distance = editDistance(typed, meant);
    const isPart = typed.length >= 4 && (meant.includes(typed) || typed.includes(meant));
    const isSimilar = isPart || distance <= Math.max(1, Math.floor(Math.max(typed.length, meant.length) / 3));
    if (isSimilar && distance < fewest) nearest = candidate, fewest = distance;
  }
  return nearest;
}

/** `learningRate`, `learning-rate` and `learning_rate` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/**
 * The number of inserted, removed, replaced and swapped characters that turn `a` into `b` (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  const cost: number[][] = [];
  for (let i = 0; i <= a.length; i++) {
    cost[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      cost[i][j] = i === 0 ? j : Math.min(
        cost[i - 1][j] + 1,
        cost[i][j - 1] + 1,
        cost[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1),
        i > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cost[i - 2][j - 2] + 1 : Infinity,
      );
    }
  }
  return cost[a.length][b.length];
}

function isUnknownField({ type, expected }: v.BaseIssue<unknown>): boolean {
  return type === "strict_object" && expected === "never";
}

const MAX_QUOTE = 60;

function cut(name: string): string {
  return name.slice(0, MAX_QUOTE);
}

/**
 * An untrusted value, formatted for a message: as JSON, so that it is on one line with visible ends, and cut if it is
 * long.
 */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, MAX_QUOTE + 1) : value;
  let shown: string;
  try {
    shown = typeof text === "number" ? String(text) : JSON.stringify(text) ?? String(text);
  } catch {
    shown = typeof text;
  }
  return shown.length > MAX_QUOTE ? `${shown.slice(0, MAX_QUOTE - 3)}…` : shown;
}

const QUOTE = 0x22, BACKSLASH = 0x5c;

/**
 * The value of a JSON text, read as `parseLenientJson` does. Depth and number of values are counted before the text is
 * parsed: a few bytes can make dozens of values, and a million nested lists overflow the stack of any code that walks
 * them. Long strings, such as a picture, cost next to nothing.
 *
 * @param what how a message refers to the text, such as `the body`
 * @throws {ValidationError} without a field; its cause is the SyntaxError of `JSON.parse`
 */
export function parseJson(text: string, what: string): unknown {
  const relevant = text.slice(0, relevantLength(text, what));
  try {
    return parseLenientJson(relevant);
  } catch (cause) {
    throw new ValidationError(`${what} is not valid JSON`, "", { cause });
  }
}

/**
 * The length of the part of a JSON text that a parser reads: all, or up to a bracket that closes what was not opened.
 *
 * @throws {ValidationError} if the text has too many values or levels
 */
function relevantLength(text: string, what: string): number {
  let depth = 0, values = 1, strings = 0;
  for (const { 0: sign, index } of signsOutsideStrings(text, /["[\]{},]/g)) {
    if (sign === '"') strings++;
    else if (sign === ",") values++;
    else if (sign === "[" || sign === "{") depth++, values++;
    else if (--depth < 0) return index + 1;
    if (depth > MAX_JSON_DEPTH) {
      throw new ValidationError(`${what} is nested too deeply: at most ${MAX_JSON_DEPTH} levels are taken`, "");
    }
    // With its name, a value has at most two strings.
    if (values > MAX_JSON_VALUES || strings > 2 * MAX_JSON_VALUES) {
      throw new ValidationError(`${what} has too many values: at most ${MAX_JSON_VALUES} are taken`, "");
    }
  }
  return text.length;
}

/**
 * Parses JSON as Python's `json` writes it: NaN, which marks missing values in pandas and NumPy, is read as null;
 * Infinity stays a number, so that our fields refuse it. A byte-order mark at the start is skipped.
 *
 * @throws {SyntaxError} as `JSON.parse` does
 */
export function parseLenientJson(text: string): unknown {
  const json = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    return JSON.parse(json);
  } catch (error) {
    const replaced = replacePythonNumbers(json, (token) => PYTHON_NUMBERS[token]);
    if (replaced === json) throw error;
    return JSON.parse(replaced);
  }
}

const PYTHON_NUMBERS: Readonly<Record<string, string>> = { "NaN": "null", "-Infinity": "-1e999", "Infinity": "1e999" };

/**
 * Replaces the numbers that JSON lacks (`NaN`, `Infinity`, `-Infinity`) wherever they occur as values. Outside strings
 * nothing else has an N or I, so it stops at the first other one, as a parser does.
 */
export function replacePythonNumbers(text: string, replace: (token: string) => string): string {
  const parts: string[] = [];
  let done = 0;
  for (const { 0: sign, index } of signsOutsideStrings(text, /["NI]/g)) {
    if (sign === '"' || index < done) continue;
    const start = sign === "I" && text[index - 1] === "-" ? index - 1 : index;
    const token = Object.keys(PYTHON_NUMBERS).find((token) => text.startsWith(token, start));
    if (token === undefined || !isValue(text, start, start + token.length)) break;
    parts.push(text.slice(done, start), replace(token));
    done = start + token.length;
  }
  return done === 0 ? text : parts.join("") + text.slice(done);
}

/** Whether a JSON text may have a value from `start` to `end`, as far as its neighbours tell. */
function isValue(text: string, start: number, end: number): boolean {
  let before = start - 1, after = end;
  while (isSpace(text.charCodeAt(before))) before--;
  while (isSpace(text.charCodeAt(after))) after++;
  return "[,:".includes(text[before] ?? ",") && "]},".includes(text[after] ?? ",");
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** What `signs`, which also finds quotes, finds outside the strings of a JSON text, and the quotes that begin them. */
function* signsOutsideStrings(text: string, signs: RegExp): Generator<RegExpExecArray> {
  for (let found = signs.exec(text); found !== null; found = signs.exec(text)) {
    if (found[0] === '"') signs.lastIndex = endOfString(text, found.index) + 1;
    yield found;
  }
}

/** Index of the quote that ends the string which begins at `start`, or the length of the text. */
function endOfString(text: string, start: number): number {
  const first = text.indexOf('"', start + 1);
  if (first === -1) return text.length;
  // Most strings have no quotes inside, and this is the fastest way through a long one.
  if (text.charCodeAt(first - 1) !== BACKSLASH) return first;
  let end = start + 1;
  for (; end < text.length && text.charCodeAt(end) !== QUOTE; end++) {
    if (text.charCodeAt(end) === BACKSLASH) end++;
  }
  return end;
}
