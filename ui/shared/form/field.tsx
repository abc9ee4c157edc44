import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { TypedText } from "./model_form.ts";

interface FieldProps {
  id: string;
  /** The accessible name, word for word. */
  label: string;
  /** Explains the field in plain words. */
  hint: ComponentChildren;
}

/** A text field with its hint, or with what is wrong with its text. */
export function TextField(
  { id, label, hint, field, inputMode, placeholder, misfit }: FieldProps & {
    field: TypedText<unknown>;
    inputMode: "numeric" | "decimal" | "text";
    /** The value that counts while the field is empty. */
    placeholder?: string;
    /** Why its value does not go with those of other fields. */
    misfit?: string;
  },
) {
  const error = field.error.value ?? misfit;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={inputMode}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        value={field.text.value}
        onInput={(event) => field.text.value = event.currentTarget.value}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
      />
      <p id={`${id}-note`} class={error === undefined ? "note" : "note error"}>
        {error === undefined ? hint : `${label} ${error}.`}
      </p>
    </div>
  );
}

/** One choice of a `SelectField`. */
export interface Option {
  value: string;
  text: string;
}

/** A list of choices with a hint. Shows `otherwise` while `value` is undefined. */
export function SelectField(
  { id, label, hint, options, value, otherwise, onChoose }: FieldProps & {
    options: readonly Option[];
    value: string | undefined;
    otherwise?: string;
    onChoose: (value: string) => void;
  },
) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value ?? ""}
        onChange={(event) => onChoose(event.currentTarget.value)}
        aria-describedby={`${id}-note`}
      >
        {value === undefined && <option value="" disabled>{otherwise}</option>}
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
      <p id={`${id}-note`} class="note">{hint}</p>
    </div>
  );
}

/** A checkbox whose state `text` holds, as `true` or `false`. */
export function CheckField({ id, label, hint, text }: FieldProps & { text: Signal<string> }) {
  return (
    <div class="field check">
      <input
        id={id}
        type="checkbox"
        checked={text.value === "true"}
        onChange={(event) => text.value = String(event.currentTarget.checked)}
        aria-describedby={`${id}-note`}
      />
      <label for={id}>{label}</label>
      <p id={`${id}-note`} class="note">{hint}</p>
    </div>
  );
}
