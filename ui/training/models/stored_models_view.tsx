import { useEffect, useRef } from "preact/hooks";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { formatCount, plural } from "../../shared/text/format.ts";
import { ComparisonView } from "./comparison_view.tsx";
import { DropZone } from "./drop_zone.tsx";
import type { LabModels } from "./lab_models.ts";
import { ModelFilters } from "./model_filters.tsx";
import { focusRow, ModelsTableView } from "./models_table_view.tsx";
import { Pager } from "./pager.tsx";
import type { Removal } from "./removals.ts";
import { focusCompare, SelectionBar } from "./selection_bar.tsx";
import { UndoToast } from "./undo_toast.tsx";

/** What the lab has, to look through, compare, take away and remove, and a place to bring more. */
export function StoredModelsView({ models, onUse, onLookInto }: {
  models: LabModels;
  onUse: (record: ModelRecord) => void;
  onLookInto: (record: ModelRecord) => void;
}) {
  const { stored, removals, table } = models;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const listening = new AbortController();
    const options = { signal: listening.signal };
    // Meanwhile another page or program may have stored or removed models.
    addEventListener("focus", () => void stored.refresh(), options);
    addEventListener("pagehide", () => removals.flush(), options);
    return () => listening.abort();
  }, []);

  /** Once the table shows what it holds by now. */
  const focusOn = (record: ModelRecord | undefined) =>
    afterPaint(() => {
      if (!record || !focusRow(record.id)) heading.current?.focus();
    });
  const undo = (latest?: Removal) => {
    const removal = removals.undo(latest);
    if (removal) focusOn(removal.models[0]);
  };
  const remove = (gone: readonly ModelRecord[]) => {
    const next = neighbourOf(gone, table.shown.value);
    removals.remove(gone);
    focusOn(next);
  };
  /** The last selected row is where one was before. */
  const clearSelection = () => {
    const last = table.selected.value.at(-1);
    table.selectNone();
    focusOn(last);
  };
  const dismiss = () => {
    removals.dismiss();
    focusOn(undefined);
  };
  const closeComparison = () => {
    table.comparing.value = false;
    focusCompare();
  };

  const count = models.count.value;
  if (count === undefined) return null;
  return (
    <section
      class="card stored"
      aria-labelledby="stored-title"
      onKeyDown={(event) => {
        const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
        if (!isUndo || event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
        event.preventDefault();
        undo();
      }}
    >
      <div class="heading">
        <h2 id="stored-title" ref={heading} tabIndex={-1}>Stored models</h2>
        <p class="note" role="status" aria-label="Models shown">{countWords(models, count)}</p>
      </div>
      {count > 0 && (
        <div class="browse">
          <ModelFilters table={table} />
          <ModelsTableView
            table={table}
            onUse={onUse}
            onLookInto={onLookInto}
            onRemove={(record) => remove([record])}
          />
          <Pager table={table} />
          <SelectionBar models={models} onRemove={remove} onClear={clearSelection} />
        </div>
      )}
      <ComparisonView comparison={models.comparison} onClose={closeComparison} />
      <DropZone bringIn={models.bringIn} />
      <UndoToast removals={removals} onUndo={undo} onDismiss={dismiss} />
    </section>
  );
}

function countWords({ table }: LabModels, count: number): string {
  if (count === 0) return "None yet: what you train is kept here.";
  return table.isFiltered.value
    ? `${formatCount(table.rows.value.length)} of ${plural(count, "model")}`
    : plural(count, "model");
}

/** The page is rendered once a frame; in the next one it shows what it holds by now. */
function afterPaint(callback: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(callback));
}

/** The row that takes the place of those that go: the one after them, else the one before. */
function neighbourOf(gone: readonly ModelRecord[], shown: readonly ModelRecord[]): ModelRecord | undefined {
  const isGone = (record: ModelRecord) => gone.some(({ id }) => id === record.id);
  const last = shown.findLastIndex(isGone);
  return shown.find((record, i) => i > last && !isGone(record)) ?? shown.findLast((record) => !isGone(record));
}
