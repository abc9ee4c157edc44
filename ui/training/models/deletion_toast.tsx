import { useEffect, useRef } from "preact/hooks";
import { describeModel, plural } from "../../shared/text/format.ts";
import type { Deletion, Deletions } from "./deletions.ts";

/** Says what was deleted, with a button to undo it. The clock stops while the pointer or the focus is here. */
export function DeletionToast({ deletions, onUndo, onDismiss }: {
  deletions: Deletions;
  onUndo: (deletion: Deletion) => void;
  onDismiss: () => void;
}) {
  const waiting = deletions.waiting.value;
  const failure = deletions.failure.value;
  const region = useRef<HTMLDivElement>(null);
  /** Releases the deletions once both the pointer and the focus have left. */
  const leave = () => {
    const isHere = region.current?.matches(":hover") || region.current?.contains(document.activeElement);
    if (!isHere) deletions.release();
  };
  // No event says that the pointer or the focus has left a toast that disappeared.
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
