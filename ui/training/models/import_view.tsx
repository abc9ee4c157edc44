import { useSignal } from "@preact/signals";
import { describeModel } from "../../shared/text/format.ts";
import type { ModelImport } from "./model_import.ts";

/** A zone to drop a model file on, with a button to choose one, and what has become of the import. */
export function ImportView({ modelImport }: { modelImport: ModelImport }) {
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
      <ImportStatus modelImport={modelImport} />
    </div>
  );
}

/** What has become of the import, and the question whether to replace a duplicate. */
function ImportStatus({ modelImport }: { modelImport: ModelImport }) {
  const state = modelImport.state.value;
  const tone = { idle: "", sending: "plain", exists: "warn", done: "good", failed: "bad" }[state.phase];
  return (
    <div role="status" aria-label="Import" class={tone && `import-status ${tone}`}>
      {state.phase === "sending" && `Reading ${state.fileName} and testing it on the 10,000 test digits …`}
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
