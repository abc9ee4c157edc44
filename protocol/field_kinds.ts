/** The kinds of values that the fields of a configuration have, and how each is checked, compared and written. */
import * as v from "valibot";

/** What a field's value is: it decides how text is read and which control a form shows. */
export type FieldKind = "choice" | "whole" | "number" | "widths" | "toggle";

/** A value of any kind. */
export type FieldValue = string | number | boolean | readonly number[];

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const storedNumber = v.number("must be a number");

/** A whole number within `bounds`, both ends included. */
/* @__NO_SIDE_EFFECTS__ */
export function wholeNumberSchema({ min, max }: Bounds) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

/** One of several names. */
/* @__NO_SIDE_EFFECTS__ */
export function choice<const Options extends readonly string[]>(options: Options) {
  const schema = v.picklist(options, `must be one of ${options.join(", ")}`);
  return { kind: "choice", options, schema, stored: schema } as const;
}

/** A whole number; records may hold one outside `bounds`. */
/* @__NO_SIDE_EFFECTS__ */
export function wholeNumber(bounds: Bounds) {
  return { kind: "whole", schema: wholeNumberSchema(bounds), stored: storedNumber } as const;
}

/** A number that `schema` checks; records may hold any. */
/* @__NO_SIDE_EFFECTS__ */
export function number<Schema extends v.GenericSchema<unknown, number>>(schema: Schema) {
  return { kind: "number", schema, stored: storedNumber } as const;
}

/** Widths of layers: at most `most` whole numbers within `bounds`; records may hold any numbers. */
/* @__NO_SIDE_EFFECTS__ */
export function widths(bounds: Bounds, most: number) {
  const message = "must be a list of layer widths";
  return {
    kind: "widths",
    schema: v.pipe(
      v.array(wholeNumberSchema(bounds), message),
      v.maxLength(most, `must have at most ${most} layers`),
    ),
    stored: v.array(storedNumber, message),
  } as const;
}

/** On or off. */
/* @__NO_SIDE_EFFECTS__ */
export function toggle() {
  const schema = v.boolean("must be true or false");
  return { kind: "toggle", schema, stored: schema } as const;
}

/** Whether two values of a field are equal; lists are compared entry by entry. */
export function sameValue(a: FieldValue, b: FieldValue): boolean {
  return a === b ||
    Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((entry, i) => entry === b[i]);
}

/** A value as a query or a form carries it: `Adam`, `0.001`, `128,64`, `true`. */
export function writeValue(value: FieldValue): string {
  return String(value);
}

/**
 * The value that the text of a query or a form spells, not yet checked: a number that is none becomes NaN. A comma at the
 * end of `128,` is forgiven, since a person may still be typing.
 */
export function readValue(kind: FieldKind, text: string): FieldValue {
  const trimmed = text.trim();
  switch (kind) {
    case "choice":
      return text;
    case "toggle":
      return trimmed === "true";
    case "widths":
      return trimmed === "" ? [] : trimmed.replace(/,$/, "").split(",").map(readNumber);
    default:
      return readNumber(text);
  }
}

function readNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** A value as people read it: `128, 64` or `none` for widths, `on` or `off` for a toggle, others as they are. */
export function showValue(value: FieldValue): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value !== "object") return String(value);
  return value.join(", ") || "none";
}
