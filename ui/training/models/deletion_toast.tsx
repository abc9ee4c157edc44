import { useEffect, useRef } from "preact/hooks";
import { describeModel, plural } from "../../shared/text/format.ts";
import type { Deletion, Deletions } from "./deletions.ts";

/** Says what was removed, and lets it be undone for a while: longer, as long as the pointer or the focus is here. */
export function DeletionToast({ deletions, onUndo, onDismiss }: {
  deletions: Deletions;
  onUndo: (deletion: Deletion) => void;
  onDismiss: () => void;
}) {
  const waiting = deletions.waiting.value;
  const failure = deletions.failure.value;
  const region = useRef<HTMLDivElement>(null);
  /** The pointer may leave while the focus stays, and the other way round. */
  const leave = () => {
    const isHere = region.current?.matches(":hover") || region.current?.contains(document.activeElement);
    if (!isHere) deletions.release();
  };
  // A toast that went took the pointer or the focus with it.
  useEffect(leave, [waiting]);
  return (
    <div
      ref={region}
      class="toasts"
      role="status"
      aria-label="Deleted models"
      onPointerEnter={() => deletions.hold()}
      onPointerLeave={leave}
      onFocusIn={() => deletions.hold()}
      onFocusOut={() => queueMicrotask(leave)}
    >
      {waiting.map((deletion) => (
        <div key={deletion.models[0].id} class="toast">
          <p>
            {deletion.models.length === 1
              ? `Deleted: ${describeModel(deletion.models[0])}.`
              : `${plural(deletion.models.length, "model")} deleted.`}
          </p>
          <button
            type="button"
            aria-keyshortcuts="Control+Z"
            onClick={() => onUndo(deletion)}
          >
            Undo
          </button>
        </div>
      ))}
      {failure !== undefined && (
        <div class="toast failed">
          <p>{failure}</p>
          <button type="button" onClick={onDismiss}>Close</button>
        </div>
      )}
    </div>
  );
}
