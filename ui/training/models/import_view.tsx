import { useSignal } from "@preact/signals";
import { describeModel } from "../../shared/text/format.ts";
import type { ModelImport } from "./model_import.ts";

/** Takes a file by drag and drop, or by the ordinary way. */
export function ImportView({ bringIn }: { bringIn: ModelImport }) {
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
