import {
  type FieldKind,
  type FieldName,
  fieldOf,
  LEARNING_RATE_RANGE_NAMES,
  LEARNING_RATE_RANGES,
  type LearningRateRange,
  queryName,
} from "../../../protocol/mod.ts";
import { CheckField, SelectField, TextField } from "./field.tsx";
import { formatCount, plural } from "../text/format.ts";
import { FIELD_GROUPS, FIELD_WORDS, type FieldWords } from "./field_words.ts";
import type { ModelForm, TypedText } from "./model_form.ts";

const RANGE_OPTIONS = LEARNING_RATE_RANGE_NAMES.map((name) => {
  const { min, max } = LEARNING_RATE_RANGES[name];
  return { value: name, text: `${name} (${plain(min)} – ${plain(max)})` };
});

const INPUT_MODES: Partial<Record<FieldKind, "numeric" | "decimal">> = { whole: "numeric", number: "decimal" };

/** Controls for the fields `names`, and one for the range of the learning rate, with the hint `rangeHint`. */
export function ModelFields(
  { form, names, rangeHint }: { form: ModelForm; names: readonly FieldName[]; rangeHint: string },
) {
  return (
    <>
      <AddressNote complaints={form.complaints.value} />
      {FIELD_GROUPS.map((group) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          <FieldLines form={form} words={FIELD_WORDS} names={names} group={group} rangeHint={rangeHint} />
        </fieldset>
      ))}
    </>
  );
}

type AnyWords = Partial<Record<FieldName, FieldWords<never>>>;

/**
 * Controls for the fields `names` of a group, by default all, line by line; neighbours that are narrow share one. The
 * range is beside the learning rate, or in its place.
 */
export function FieldLines({ form, words, names, group, rangeHint }: {
  form: ModelForm;
  words: AnyWords;
  names?: readonly FieldName[];
  group: string;
  rangeHint?: string;
}) {
  const isShown = (name: FieldName) => form.counts(name) && (names === undefined || names.includes(name));
  const lines: FieldName[][] = [];
  for (const name of Object.keys(words) as FieldName[]) {
    if (words[name]!.group !== group) continue;
    const last = lines.at(-1);
    if (words[name]!.isNarrow && last && words[last[0]]!.isNarrow) last.push(name);
    else lines.push([name]);
  }
  return (
    <>
      {lines.map((line) => {
        const fields = line.filter(isShown).map((name) => (
          <ModelField key={name} form={form} name={name} words={words[name]!} />
        ));
        if (line.includes("learning_rate")) fields.push(<RangeField key="range" form={form} hint={rangeHint ?? ""} />);
        return line.length > 1 ? <div key={line[0]} class="pair">{fields}</div> : fields;
      })}
    </>
  );
}

function ModelField({ form, name, words }: { form: ModelForm; name: FieldName; words: FieldWords<never> }) {
  const { kind, label, options } = fieldOf(name);
  const field: TypedText<unknown> = form.fields[name], { text } = field, misfit = form.misfit.value;
  const hint = words.hint as FieldWords<string>["hint"] | FieldWords<number>["hint"];
  const props = {
    id: queryName(name).replaceAll("_", "-"),
    label: words.label ?? label,
    hint: typeof hint === "string"
      ? hint
      : typeof hint === "function"
      ? hint(form.datasetSize.value)
      : hint[text.value],
  };
  if (kind === "toggle") return <CheckField {...props} text={text} />;
  if (options === undefined) {
    const placeholder = form.placeholderOf(name);
    const more = { placeholder, misfit: misfit?.name === name ? misfit.why : undefined };
    return <TextField {...props} {...more} field={field} inputMode={INPUT_MODES[kind] ?? "text"} />;
  }
  return (
    <SelectField
      {...props}
      options={options.map((option) => ({ value: option, text: option }))}
      value={text.value}
      onChoose={(chosen) => text.value = chosen}
    />
  );
}

function RangeField({ form, hint }: { form: ModelForm; hint: string }) {
  return (
    <SelectField
      id="learning-rate-range"
      label="Learning rate range"
      hint={hint}
      options={RANGE_OPTIONS}
      value={form.range.value}
      otherwise="Custom"
      onChoose={(name) => form.chooseRange(name as LearningRateRange)}
    />
  );
}

/** Says what was not understood in the page's address, cut if it is long, because an address may contain anything. */
function AddressNote({ complaints }: { complaints: readonly string[] }) {
  if (complaints.length === 0) return null;
  const sentences = complaints.slice(0, 5).map((complaint) => /[.?]$/.test(complaint) ? complaint : `${complaint}.`);
  return (
    <p class="note error">
      Not understood in this page's address: {sentences.join(" ").replaceAll("`", '"')}
    </p>
  );
}

/** How large the model is and how many steps it trains, as far as the fields say. */
export function ModelSize({ form, blocked }: { form: ModelForm; blocked?: boolean }) {
  if (blocked) return <p class="size">Fix the red field to start.</p>;
  const parameters = form.parameterCount.value;
  const steps = form.stepCount.value;
  return (
    <p class="size">
      {parameters === undefined ? "–" : formatCount(parameters)} parameters ·{" "}
      {steps === undefined ? "– steps" : plural(steps, "step")}
      {form.shape.value && <span class="shape">{form.shape.value}</span>}
    </p>
  );
}

/** `1e-5` → `0.00001`. */
function plain(rate: number): string {
  return rate.toFixed(8).replace(/\.?0+$/, "");
}
