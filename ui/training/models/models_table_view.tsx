import type { ModelRecord } from "../../../protocol/mod.ts";
import { Button, Menu } from "../../shared/components/controls.tsx";
import { describeModel, formatCount } from "../../shared/text/format.ts";
import { queryOf } from "../../shared/form/model_form.ts";
import { pageUrl } from "../../shared/wire/page_urls.ts";
import { COLUMNS } from "./columns.ts";
import { type ModelsTable, PAGE_ROWS } from "./models_table.ts";

interface ModelActions {
  onUseSettings: (record: ModelRecord) => void;
  onAnalyse: (record: ModelRecord) => void;
  onDelete: (record: ModelRecord) => void;
}

/**
 * One page of the table of models. On narrow screens its rows look like cards, but their roles are still those of a
 * table.
 */
export function ModelsTableView({ table, ...actions }: { table: ModelsTable } & ModelActions) {
  const shown = table.shown.value;
  if (shown.length === 0) {
    return <p class="nothing">No model fits. Try fewer words, or another type or optimizer.</p>;
  }
  return (
    <div class="models">
      <table role="table" aria-labelledby="stored-title">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col" class="pick">
              <SelectShown table={table} />
            </th>
            {COLUMNS.map((column) => {
              const { column: by, direction } = table.sorting.value;
              const sorted = column === by ? direction : undefined;
              return (
                <th
                  key={column.key}
                  role="columnheader"
                  scope="col"
                  aria-sort={sorted}
                  class={column.isNumber ? "number" : undefined}
                >
                  <button type="button" onClick={() => table.sortBy(column)}>
                    {column.title}
                    <span class="arrow" aria-hidden="true">
                      {sorted === undefined ? "" : sorted === "ascending" ? "↑" : "↓"}
                    </span>
                  </button>
                </th>
              );
            })}
            <th role="columnheader" scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((record) => <Row key={record.id} table={table} record={record} {...actions} />)}
        </tbody>
      </table>
    </div>
  );
}

/** The row of one model. */
function Row(
  { table, record, onUseSettings, onAnalyse, onDelete }: { table: ModelsTable; record: ModelRecord } & ModelActions,
) {
  const name = describeModel(record);
  const isSelected = table.isSelected(record.id);
  return (
    <tr role="row" id={rowId(record.id)} class={isSelected ? "selected" : undefined}>
      <td role="cell" class="pick">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={(event) => table.select([record.id], event.currentTarget.checked)}
        />
      </td>
      {COLUMNS.map(({ key, title, text, isNumber }) => {
        const head = key === "type";
        const Cell = head ? "th" : "td";
        return (
          <Cell
            key={key}
            role={head ? "rowheader" : "cell"}
            scope={head ? "row" : undefined}
            data-title={title}
            class={isNumber ? `${key} number` : key}
          >
            {text(record)}
            {head && origin(record) && <span class="origin">{origin(record)}</span>}
          </Cell>
        );
      })}
      <td role="cell" class="actions">
        <a href={pageUrl("inference", queryOf(record))} aria-label={`Test ${name}`}>Test</a>
        <ModelMenu
          record={record}
          onUseSettings={() => onUseSettings(record)}
          onAnalyse={() => onAnalyse(record)}
          onDelete={() => onDelete(record)}
        />
      </td>
    </tr>
  );
}

/** The origin of a model, unless it was trained here from the start. */
function origin(record: ModelRecord): string | undefined {
  if (record.imported === true) return "imported";
  if (typeof record.started_from === "string") return "trained further";
}

/** Selects all rows of the page, or none. */
function SelectShown({ table }: { table: ModelsTable }) {
  const ids = table.shown.value.map(({ id }) => id);
  const count = ids.filter((id) => table.isSelected(id)).length;
  return (
    <input
      type="checkbox"
      aria-label="Select all rows shown"
      checked={count === ids.length}
      indeterminate={count > 0 && count < ids.length}
      onChange={(event) => table.select(ids, event.currentTarget.checked)}
    />
  );
}

/** Moves the focus to the row of the model `id`. Returns whether it is shown. */
export function focusRow(id: string): boolean {
  const checkbox = document.getElementById(rowId(id))?.querySelector("input");
  checkbox?.focus();
  return checkbox != null;
}

function rowId(id: string): string {
  return `row ${id}`;
}

/** The formats in which a model can be downloaded. */
const FILES = [
  { file: "model.pth", label: "PyTorch", title: "State dict, for torch.load (.pth)" },
  { file: "model.safetensors", label: "safetensors", title: "Weights with their configuration (.safetensors)" },
  { file: "model.onnx", label: "ONNX", title: "The whole network, for ONNX runtimes (.onnx)" },
] as const;

/** Actions for one model: analyse, reuse its settings, download, delete. */
function ModelMenu({ record, onUseSettings, onAnalyse, onDelete }: {
  record: ModelRecord;
  onUseSettings: () => void;
  onAnalyse: () => void;
  onDelete: () => void;
}) {
  const path = `/api/models/${encodeURIComponent(record.id)}/`;
  const name = describeModel(record);
  return (
    <Menu text="More" label={`More about ${name}`}>
      <button type="button" onClick={onAnalyse}>Analysis</button>
      <button type="button" onClick={onUseSettings}>Use these settings</button>
      {FILES.map(({ file, label, title }) => (
        <a key={file} href={path + file} download title={title} aria-label={`Download as ${label}: ${name}`}>
          Download as {label}
        </a>
      ))}
      <button type="button" class="danger" onClick={onDelete}>Delete</button>
    </Menu>
  );
}

/** Turns the pages of the table, if it has more than one. */
export function Pager({ table }: { table: ModelsTable }) {
  const page = table.page.value, pages = table.pages.value, total = table.rows.value.length;
  if (pages === 1) return null;
  const first = page * PAGE_ROWS + 1, last = Math.min(total, first + PAGE_ROWS - 1);
  return (
    <nav class="pager" aria-label="Pages of the table">
      <Button idle={page === 0} onClick={() => table.turnTo(page - 1)}>Previous</Button>
      <p role="status">{`${formatCount(first)}–${formatCount(last)} of ${formatCount(total)}`}</p>
      <Button idle={page === pages - 1} onClick={() => table.turnTo(page + 1)}>Next</Button>
    </nav>
  );
}
