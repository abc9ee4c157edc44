/** The kinds of values that the fields of a configuration have, and how each is checked, compared and written. */
import * as v from "valibot";

/** The kind of a field's value, which decides how text is read and which control a form shows. */
export type FieldKind = "choice" | "whole" | "number" | "list" | "toggle";

/** A value of any kind. */
export type FieldValue = string | number | boolean | readonly number[];

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Checks a whole number within `bounds`, both ends included. */
export function wholeNumberSchema({ min, max }: Bounds) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

/** One of several names. */
export function choice<const Options extends readonly string[]>(options: Options) {
  const schema = v.picklist(options, `must be one of ${options.join(", ")}`);
  return { kind: "choice", options, schema } as const;
}

/** A whole number within `bounds`, both ends included. */
export function wholeNumber(bounds: Bounds) {
  return { kind: "whole", schema: wholeNumberSchema(bounds) } as const;
}

/** A number that `schema` checks. */
export function number<Schema extends v.GenericSchema<unknown, number>>(schema: Schema) {
  return { kind: "number", schema } as const;
}

/** Widths of layers: at most `most` whole numbers within `bounds`. */
export function widths(bounds: Bounds, most: number) {
  const schema = v.pipe(
    v.array(wholeNumberSchema(bounds), "must be a list of layer widths"),
    v.maxLength(most, `must have at most ${most} layers`),
  );
  return { kind: "list", schema } as const;
}

/** From one to `most` numbers that `schema` checks, one for each of `what`. */
export function numbers<Schema extends v.GenericSchema<unknown, number>>(schema: Schema, most: number, what: string) {
  const message = `must be a list of 1 to ${most} numbers, one for each ${what}`;
  return {
    kind: "list",
    schema: v.pipe(v.array(schema, message), v.minLength(1, message), v.maxLength(most, message)),
  } as const;
}

/** Two numbers that `schema` checks. */
export function pair<Schema extends v.GenericSchema<unknown, number>>(schema: Schema) {
  const message = "must be a list of two numbers";
  return { kind: "list", schema: v.pipe(v.array(schema, message), v.length(2, message)) } as const;
}

/** On or off. */
export function toggle() {
  return { kind: "toggle", schema: v.boolean("must be true or false") } as const;
}

/** Whether two values of a field are equal; lists are compared entry by entry. */
export function sameValue(a: FieldValue, b: FieldValue): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** A value as text for a query or a form: `Adam`, `0.001`, `128,64`, `true`. */
export function writeValue(value: FieldValue): string {
  return String(value);
}

/**
 * The value that the text of a query or a form represents, not yet checked; anything but a number becomes NaN. A comma
 * at the end, as in `128,`, is accepted, because the user may still be typing.
 */
export function readValue(kind: FieldKind, text: string): FieldValue {
  if (kind === "choice") return text;
  const trimmed = text.trim();
  if (kind === "toggle") return trimmed === "true";
  if (kind === "whole") return readNumber(WHOLE_WITH_DOTS.test(trimmed) ? trimmed.replaceAll(".", "") : trimmed);
  if (kind === "number") return readNumber(trimmed);
  const list = trimmed.replace(/,$/, "");
  return list === "" ? [] : list.split(",").map(readNumber);
}

/** Whether text in a query or a form means "no value", as programs write null and missing values. */
export function isNullText(text: string): boolean {
  return ["null", "NaN", "undefined", "None"].includes(text.trim());
}

/** Digits in groups of three, as the lab writes counts: `1,024`. Numbers below 1 never look like this. */
const GROUPED = /^[1-9]\d{0,2}(,\d{3})+$/;

/** As half of the world writes counts: `1.024`. */
const WHOLE_WITH_DOTS = /^[1-9]\d{0,2}(\.\d{3})+$/;

/** The number that `text` represents, including `0,01` and `1,024`; NaN for anything else and for empty text. */
export function readNumber(text: string): number {
  const trimmed = text.trim();
  if (trimmed === "") return NaN;
  return Number(GROUPED.test(trimmed) ? trimmed.replaceAll(",", "") : trimmed.replace(/^(\d*),(\d+)$/, "$1.$2"));
}

/** A value for display: `128, 64` or `none` for a list, `on` or `off` for a toggle, others as they are. */
export function showValue(value: FieldValue): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value !== "object") return String(value);
  return value.join(", ") || "none";
}
