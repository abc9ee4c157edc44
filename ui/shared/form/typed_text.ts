import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import * as v from "valibot";

/**
 * A field that is read and checked as the user types: its text, and the value it represents or what is wrong with it.
 */
export class TypedText<T> {
  readonly text: Signal<string>;
  /** Undefined while something is wrong. */
  readonly value: ReadonlySignal<T | undefined>;
  /** What is wrong, such as `must be a whole number from 1 to 200`; undefined while the text is valid. */
  readonly error: ReadonlySignal<string | undefined>;

  /**
   * @param initial the text to begin with
   * @param read the value that a text represents, not yet checked
   * @param schema checks that value
   * @param complaint words the schema's message for this field
   */
  constructor(
    initial: string,
    read: (text: string) => unknown,
    schema: v.GenericSchema<unknown, T>,
    complaint = (message: string) => message,
  ) {
    this.text = signal(initial);
    const result = computed(() => v.safeParse(schema, read(this.text.value), { abortEarly: true }));
    this.value = computed(() => result.value.success ? result.value.output : undefined);
    this.error = computed(() => result.value.success ? undefined : complaint(result.value.issues[0].message));
  }
}
