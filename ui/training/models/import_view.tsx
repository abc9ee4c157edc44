import { useSignal } from "@preact/signals";
import {
  assumedValue,
  DEFAULT_CONFIG,
  describeSetting,
  type FieldName,
  fieldOf,
  isOfNetwork,
  PAST_FIELDS,
  showValue,
} from "../../../protocol/mod.ts";
import { SelectField, TextField } from "../../shared/form/field.tsx";
import type { TypedText } from "../../shared/form/model_form.ts";
import { describeModel } from "../../shared/text/format.ts";
import { type DatasetSize, testDigits } from "../../shared/wire/dataset_size.ts";
import type { ModelImport } from "./model_import.ts";

/** A zone to drop a model file on, with a button to choose one, and the state of the import. */
export function ImportView({ modelImport, size }: { modelImport: ModelImport; size: DatasetSize | undefined }) {
  const isOver = useSignal(false);
  const take = (files: FileList | null | undefined) => {
    if (files?.length) modelImport.start(files[0]);
  };
  const isSending = modelImport.state.value.phase === "sending";
  return (
    <div
      class={isOver.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => isOver.value = false}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        take(event.dataTransfer?.files);
      }}
    >
      <p>
        <label for="model-file">Import a model</label>
        <span class="note">
          Drop a file here or choose one: <code>.pth</code> from PyTorch (a state dict) or{" "}
          <code>.safetensors</code>. ONNX is for download only.
        </span>
      </p>
      <input
        id="model-file"
        type="file"
        accept=".pth,.pt,.safetensors"
        disabled={isSending}
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
      <Past modelImport={modelImport} />
      <ImportStatus modelImport={modelImport} size={size} />
    </div>
  );
}

/** `Adam, learning rate 0.001, batch size 64, 5 epochs` */
const DEFAULTS = PAST_FIELDS.filter((name) => !isOfNetwork(name)).map((name) => describeSetting(DEFAULT_CONFIG, name))
  .join(", ");

/** Asks how the model was trained, which its weights do not tell. Empty fields count as unknown. */
function Past({ modelImport }: { modelImport: ModelImport }) {
  return (
    <details class="import-past">
      <summary>How was it trained?</summary>
      <p class="note">
        A file of weights does not say. What you leave empty is shown as unknown, and the drawing page finds the model
        by {DEFAULTS}. Without its activation, {showValue(assumedValue("activation"))}{" "}
        is assumed; with a wrong one it recognises less than it could.
      </p>
      <div class="pair">
        {PAST_FIELDS.map((name) => <PastField key={name} name={name} field={modelImport.past[name]!} />)}
      </div>
    </details>
  );
}

function PastField({ name, field }: { name: FieldName; field: TypedText<unknown> }) {
  const { label, options } = fieldOf(name),
    text = `Its ${label.toLowerCase()}`,
    id = `import-${name.replaceAll("_", "-")}`;
  if (options === undefined) {
    return <TextField id={id} label={text} hint="" field={field} inputMode="decimal" />;
  }
  return (
    <SelectField
      id={id}
      label={text}
      hint=""
      options={[{ value: "", text: "Unknown" }, ...options.map((option) => ({ value: option, text: option }))]}
      value={field.text.value}
      onChoose={(chosen) => field.text.value = chosen}
    />
  );
}

/** The state of the import, and the question whether to replace a duplicate. */
function ImportStatus({ modelImport, size }: { modelImport: ModelImport; size: DatasetSize | undefined }) {
  const state = modelImport.state.value;
  const tone = { idle: "", sending: "plain", exists: "warn", done: "good", failed: "bad" }[state.phase];
  return (
    <div role="status" aria-label="Import" class={tone && `import-status ${tone}`}>
      {state.phase === "sending" && `Reading ${state.fileName} and testing it on ${testDigits(size)} …`}
      {(state.phase === "done" || state.phase === "failed") && state.words}
      {state.phase === "exists" && (
        <>
          <p>You already have a model with these settings: {describeModel(state.existing)}.</p>
          <p class="buttons">
            <button type="button" onClick={() => modelImport.replace()}>Replace it with {state.fileName}</button>
            <button type="button" onClick={() => modelImport.dismiss()}>Keep it</button>
          </p>
        </>
      )}
    </div>
  );
}
