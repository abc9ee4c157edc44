import { useEffect, useRef } from "preact/hooks";
import type { ModelRecord } from "../../../protocol/mod.ts";
import { Button } from "../../shared/components/controls.tsx";
import { describeModel, formatCount, plural } from "../../shared/text/format.ts";
import type { DatasetSize } from "../../shared/wire/dataset_size.ts";
import { MOST_COMPARED } from "./comparison.ts";
import { ComparisonView } from "./comparison_view.tsx";
import { type Deletion, type Deletions, MOST_WAITING } from "./deletions.ts";
import { ImportView } from "./import_view.tsx";
import { ModelFilters } from "./model_filters.tsx";
import type { LabModels } from "./models_table.ts";
import { focusRow, ModelsTableView, Pager } from "./models_table_view.tsx";

/** The stored models, which you can search, compare, download and delete, and a zone to import others. */
export function StoredModelsView({ models, size, onUseSettings, onAnalyse }: {
  models: LabModels;
  size: DatasetSize | undefined;
  onUseSettings: (record: ModelRecord) => void;
  onAnalyse: (record: ModelRecord) => void;
}) {
  const { deletions, table } = models;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const listening = new AbortController();
    const options = { signal: listening.signal };
    addEventListener("pagehide", () => deletions.flush(), options);
    return () => listening.abort();
  }, []);

  /** Moves the focus once the table is up to date. */
  const focusOn = (record: ModelRecord | undefined) =>
    afterPaint(() => {
      if (!record || !focusRow(record.id)) heading.current?.focus();
    });
  const undo = (latest?: Deletion) => {
    const deletion = deletions.undo(latest);
    if (deletion) focusOn(deletion.models[0]);
  };
  const deleteModels = (gone: readonly ModelRecord[]) => {
    const next = neighbourOf(gone, table.shown.value);
    deletions.delete(gone);
    focusOn(next);
  };
  /** Returns the focus to the row that was selected last. */
  const clearSelection = () => {
    const last = table.selected.value.at(-1);
    table.selectNone();
    focusOn(last);
  };
  const dismiss = () => {
    deletions.dismiss();
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
            onUseSettings={onUseSettings}
            onAnalyse={onAnalyse}
            onDelete={(record) => deleteModels([record])}
          />
          <Pager table={table} />
          <SelectionBar models={models} onDelete={deleteModels} onClear={clearSelection} />
        </div>
      )}
      <ComparisonView comparison={models.comparison} size={size} onClose={closeComparison} />
      <ImportView modelImport={models.import} size={size} />
      <DeletionToast deletions={deletions} onUndo={undo} onDismiss={dismiss} />
    </section>
  );
}

function countWords({ table }: LabModels, count: number): string {
  if (count === 0) return "None yet: the models you train appear here.";
  return table.isFiltered.value
    ? `${formatCount(table.rows.value.length)} of ${plural(count, "model")}`
    : plural(count, "model");
}

/** Calls back after the next rendering; the page renders once a frame. */
function afterPaint(callback: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(callback));
}

/** The row to focus when `gone` disappear: the row after them or, if there is none, the row before. */
function neighbourOf(gone: readonly ModelRecord[], shown: readonly ModelRecord[]): ModelRecord | undefined {
  const isGone = (record: ModelRecord) => gone.some(({ id }) => id === record.id);
  const last = shown.findLastIndex(isGone);
  return shown.find((record, i) => i > last && !isGone(record)) ?? shown.findLast((record) => !isGone(record));
}

const COMPARE_ID = "compare-models";

/** Actions for the selected models: compare, delete, clear the selection. */
function SelectionBar({ models, onDelete, onClear }: {
  models: LabModels;
  onDelete: (records: readonly ModelRecord[]) => void;
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
        <Button class="danger" aria-label="Delete selected" idle={isTooMany} onClick={() => onDelete(selected)}>
          Delete
        </Button>
        <button type="button" aria-label="Clear selection" onClick={onClear}>Clear</button>
      </div>
    </div>
  );
}

/** Moves the focus to the button that opens the comparison. */
function focusCompare(): void {
  document.getElementById(COMPARE_ID)?.focus();
}

/** Says what was deleted, with a button to undo it. The clock stops while the pointer or the focus is here. */
function DeletionToast({ deletions, onUndo, onDismiss }: {
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
