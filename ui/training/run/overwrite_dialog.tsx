import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { describeModel, formatDuration, formatPercent, formatTime } from "../../shared/text/format.ts";
import type { Run } from "./run.ts";

/** Asks whether to overwrite the stored duplicate. Closing the dialog with Escape keeps it. */
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
      <h2 id="overwrite-title">You already have this model</h2>
      <div id="overwrite-text">
        {existing && (
          <>
            <p>{describeModel(existing)}.</p>
            <p>
              It was trained on {formatTime(existing.timestamp)} in {formatDuration(existing.training_time)}{" "}
              and recognises {formatPercent(existing.accuracy)} of the test digits.
            </p>
          </>
        )}
        <p class="note">If you overwrite it, you can still use it until the new one is finished.</p>
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
