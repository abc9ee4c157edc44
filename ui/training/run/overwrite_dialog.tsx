import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { describeModel, formatDuration, formatPercent, formatTime } from "../../shared/text/format.ts";
import type { Run } from "./run.ts";

/** Asks whether the stored duplicate may be replaced. Leaving the dialog by the keyboard keeps the model. */
export function OverwriteDialog({ run }: { run: Run }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const asking = run.phase.value === "asking" && run.connected.value;
    if (asking && !dialog.current?.open) dialog.current?.showModal();
    else if (!asking) dialog.current?.close();
  });
  const existing = run.existing.value;
  return (
    <dialog
      ref={dialog}
      aria-labelledby="overwrite-title"
      aria-describedby="overwrite-text"
      onCancel={(event) => {
        event.preventDefault();
        run.answerOverwrite(false);
      }}
    >
      <h2 id="overwrite-title">This model exists already</h2>
      <div id="overwrite-text">
        {existing && (
          <>
            <p>{describeModel(existing)}.</p>
            <p>
              Trained on {formatTime(existing.timestamp)} in {formatDuration(existing.training_time)}, recognises{" "}
              {formatPercent(existing.accuracy)} of the test digits.
            </p>
          </>
        )}
        <p class="note">It stays usable until the new one is complete.</p>
      </div>
      <div class="buttons">
        <button type="button" class="primary" autofocus onClick={() => run.answerOverwrite(false)}>
          Keep existing
        </button>
        <button type="button" onClick={() => run.answerOverwrite(true)}>Overwrite</button>
      </div>
    </dialog>
  );
}
