import type { ModelRecord } from "../../../protocol/mod.ts";
import { Button } from "../../shared/components/button.tsx";
import { plural } from "../../shared/text/format.ts";
import { MOST_COMPARED } from "./comparison.ts";
import type { LabModels } from "./lab_models.ts";
import { MOST_WAITING } from "./removals.ts";

const COMPARE_ID = "compare-models";

/** What can be done with the selected models. */
export function SelectionBar({ models, onRemove, onClear }: {
  models: LabModels;
  onRemove: (records: readonly ModelRecord[]) => void;
  onClear: () => void;
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
        <Button
          id={COMPARE_ID}
          class="primary"
          idle={!comparison.isPossible.value || comparison.isOpen.value}
          onClick={() => table.comparing.value = true}
        >
          Compare
        </Button>
        <Button class="danger" aria-label="Delete selected" idle={isTooMany} onClick={() => onRemove(selected)}>
          Delete
        </Button>
        <button type="button" aria-label="Clear selection" onClick={onClear}>Clear</button>
      </div>
    </div>
  );
}

/** Gives the focus to what opens the comparison. */
export function focusCompare(): void {
  document.getElementById(COMPARE_ID)?.focus();
}
