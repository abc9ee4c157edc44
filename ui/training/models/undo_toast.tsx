import { useEffect, useRef } from "preact/hooks";
import { describeModel, plural } from "../../shared/text/format.ts";
import type { Removal, Removals } from "./removals.ts";

/** Says what was removed, and lets it be undone for a while: longer, as long as the pointer or the focus is here. */
export function UndoToast({ removals, onUndo, onDismiss }: {
  removals: Removals;
  onUndo: (removal: Removal) => void;
  onDismiss: () => void;
}) {
  const waiting = removals.waiting.value;
  const failure = removals.failure.value;
  const region = useRef<HTMLDivElement>(null);
  /** The pointer may leave while the focus stays, and the other way round. */
  const leave = () => {
    const isHere = region.current?.matches(":hover") || region.current?.contains(document.activeElement);
    if (!isHere) removals.release();
  };
  // A toast that went took the pointer or the focus with it.
  useEffect(leave, [waiting]);
  return (
    <div
      ref={region}
      class="toasts"
      role="status"
      aria-label="Deleted models"
      onPointerEnter={() => removals.hold()}
      onPointerLeave={leave}
      onFocusIn={() => removals.hold()}
      onFocusOut={() => queueMicrotask(leave)}
    >
      {waiting.map((removal) => (
        <div key={removal.models[0].id} class="toast">
          <p>
            {removal.models.length === 1
              ? `Deleted: ${describeModel(removal.models[0])}.`
              : `${plural(removal.models.length, "model")} deleted.`}
          </p>
          <button
            type="button"
            aria-keyshortcuts="Control+Z"
            onClick={() => onUndo(removal)}
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
