import type { ModelRecord } from "../../../protocol/mod.ts";
import { plural } from "../../text/format.ts";
import { MOST_COMPARED } from "./comparison.ts";
import type { LabModels } from "./lab_models.ts";
import { MOST_WAITING } from "./removals.ts";

/** What can be done with the selected models. */
export function SelectionBar({ models, onRemove }: {
  models: LabModels;
  onRemove: (records: readonly ModelRecord[]) => void;
}) {
  const { table, comparison } = models;
  const selected = table.selected.value;
  if (selected.length === 0) return null;
  const isTooMany = selected.length > MOST_WAITING;
  const hint = selected.length === 1
    ? "Select another one to compare them."
    : isTooMany
    ? `At most ${MOST_COMPARED} can be compared, and ${MOST_WAITING} deleted at once.`
    : selected.length > MOST_COMPARED
    ? `At most ${MOST_COMPARED} can be compared.`
    : undefined;
  return (
    <div class="selection" role="group" aria-label="Selected models">
      <p>
        <span role="status">{`${plural(selected.length, "model")} selected`}</span>
        {hint && <span class="note">{hint}</span>}
      </p>
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={!comparison.isPossible.value || comparison.isOpen.value}
          onClick={() => table.comparing.value = true}
        >
          Compare
        </button>
        <button
          type="button"
          class="danger"
          aria-label="Delete selected"
          disabled={isTooMany}
          onClick={() => onRemove(selected)}
        >
          Delete
        </button>
        <button type="button" aria-label="Clear selection" onClick={() => table.selectNone()}>Clear</button>
      </div>
    </div>
  );
}
