import { useSignal } from "@preact/signals";
import type { ModelRecord } from "../../protocol/mod.ts";
import { queryOf } from "../lab/model_query.ts";
import { pageUrl } from "../lab/page_urls.ts";
import type { StoredModels } from "../lab/stored_models.ts";
import { describeModel, formatPercent, formatTime, plural } from "../text/format.ts";
import type { ModelImport } from "./model_import.ts";

/** Rows that are shown before somebody asks for all. */
const FIRST_ROWS = 8;

const FILES = [
  { file: "model.pth", label: "PyTorch", title: "State dict, for torch.load (.pth)" },
  { file: "model.safetensors", label: "safetensors", title: "Weights with their configuration (.safetensors)" },
  { file: "model.onnx", label: "ONNX", title: "The whole network, for ONNX runtimes (.onnx)" },
] as const;

/** What the lab has, to take away, and a place to bring more. */
export function StoredModelsView({ stored, bringIn }: { stored: StoredModels; bringIn: ModelImport }) {
  const all = useSignal(false);
  const records = stored.records.value;
  if (records === undefined) return null;
  const shown = all.value ? records : records.slice(0, FIRST_ROWS);
  return (
    <section class="card stored" aria-labelledby="stored-title">
      <div class="heading">
        <h2 id="stored-title">Stored models</h2>
        <p class="note">
          {records.length === 0 ? "None yet: what you train is kept here." : plural(records.length, "model")}
        </p>
      </div>
      {shown.length > 0 && (
        <ul class="models">
          {shown.map((record) => <Model key={record.id} record={record} />)}
        </ul>
      )}
      {shown.length < records.length && (
        <button type="button" onClick={() => all.value = true}>Show all {records.length}</button>
      )}
      <DropZone bringIn={bringIn} />
    </section>
  );
}

function Model({ record }: { record: ModelRecord }) {
  const path = `/api/models/${encodeURIComponent(record.id)}/`;
  const name = describeModel(record);
  return (
    <li>
      <div>
        <p class="name">{name}</p>
        <p class="note">{formatPercent(record.accuracy)} of the test digits · {formatTime(record.timestamp)}</p>
      </div>
      <p class="links">
        <a href={pageUrl("inference", queryOf(record))} aria-label={`Test ${name}`}>Test</a>
        {FILES.map(({ file, label, title }) => (
          <a key={file} href={path + file} download title={title} aria-label={`Download ${name} as ${label}`}>
            {label}
          </a>
        ))}
      </p>
    </li>
  );
}

/** Takes a file by drag and drop, or by the ordinary way. */
function DropZone({ bringIn }: { bringIn: ModelImport }) {
  const over = useSignal(false);
  const take = (files: FileList | null | undefined) => {
    if (files?.length) bringIn.bringIn(files[0]);
  };
  const sending = bringIn.state.value.phase === "sending";
  return (
    <div
      class={over.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => over.value = false}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        take(event.dataTransfer?.files);
      }}
    >
      <p>
        <label for="model-file">Bring a model in</label>
        <span class="note">
          A <code>.pth</code> of PyTorch (a state dict) or a <code>.safetensors</code> file: drop it here or choose it.
        </span>
      </p>
      <input
        id="model-file"
        type="file"
        accept=".pth,.pt,.safetensors"
        disabled={sending}
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
      <ImportStatus bringIn={bringIn} />
    </div>
  );
}

function ImportStatus({ bringIn }: { bringIn: ModelImport }) {
  const state = bringIn.state.value;
  const tone = { idle: "", sending: "plain", exists: "warn", done: "good", failed: "bad" }[state.phase];
  return (
    <div role="status" aria-label="Import" class={tone && `import-status ${tone}`}>
      {state.phase === "sending" && `${state.fileName} is read and scored on the 10,000 test digits …`}
      {(state.phase === "done" || state.phase === "failed") && state.words}
      {state.phase === "exists" && (
        <>
          <p>A model of this configuration is stored already: {describeModel(state.existing)}.</p>
          <p class="buttons">
            <button type="button" onClick={() => bringIn.replace()}>Replace it by {state.fileName}</button>
            <button type="button" onClick={() => bringIn.dismiss()}>Keep it</button>
          </p>
        </>
      )}
    </div>
  );
}
