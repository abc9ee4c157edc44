import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import * as v from "valibot";

type Schema<T> = v.GenericSchema<unknown, T>;

/** A text field that is read and checked as one types: the raw text, and what it stands for or what is wrong with it. */
export class TypedText<T> {
  readonly text: Signal<string>;
  readonly value: ReadonlySignal<T | undefined>;
  /** In words for people, such as `must be a whole number from 1 to 200`; undefined while all is well. */
  readonly error: ReadonlySignal<string | undefined>;

  constructor(
    initial: string,
    read: (text: string) => unknown,
    schema: Schema<T>,
    complaint = (message: string) => message,
  ) {
    this.text = signal(initial);
    const result = computed(() => v.safeParse(schema, read(this.text.value), { abortEarly: true }));
    this.value = computed(() => result.value.success ? result.value.output : undefined);
    this.error = computed(() => result.value.success ? undefined : complaint(result.value.issues[0].message));
  }
}

/** The number that `text` spells, NaN for anything else (and for nothing at all). */
export function readNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** The same, and undefined for nothing at all. */
export function readOptionalNumber(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

/** `128, 64` → `[128, 64]`; nothing → `[]`; a comma at the end is still being typed at. */
export function readWidths(text: string): number[] {
  const trimmed = text.trim().replace(/,$/, "");
  return trimmed === "" ? [] : trimmed.split(",").map(readNumber);
}
