import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { formatCount } from "../../shared/text/format.ts";
import { COLUMNS } from "./columns.ts";
import { type ModelsTable, opposite } from "./models_table.ts";

/** Controls that filter the table and, on narrow screens that hide its column heads, sort it. */
export function ModelFilters({ table }: { table: ModelsTable }) {
  const { column, direction } = table.sorting.value;
  const find = useRef<HTMLInputElement>(null);
  const showAll = () => {
    table.showAll();
    // The button that had the focus disappears.
    find.current?.focus();
  };
  return (
    <div class="search-bar" role="search" aria-label="Stored models">
      <div class="field find">
        <label for="models-find">Find</label>
        <input
          ref={find}
          id="models-find"
          type="text"
          autocomplete="off"
          spellcheck={false}
          placeholder="such as: adam 0.001"
          value={table.text.value}
          onInput={(event) => table.find({ text: event.currentTarget.value })}
        />
      </div>
      <Facet
        id="models-type"
        label="Show type"
        counts={table.typeCounts.value}
        chosen={table.type.value}
        onChoose={(type) => table.find({ type })}
      />
      <Facet
        id="models-optimizer"
        label="Show optimizer"
        counts={table.optimizerCounts.value}
        chosen={table.optimizer.value}
        onChoose={(optimizer) => table.find({ optimizer })}
      />
      <div class="field sort">
        <label for="models-sort">Sort by</label>
        <div class="sort-by">
          <select
            id="models-sort"
            value={column.key}
            onChange={(event) => {
              const chosen = COLUMNS.find(({ key }) => key === event.currentTarget.value);
              if (chosen) table.sortAs(chosen, chosen.first);
            }}
          >
            {COLUMNS.map(({ key, title }) => <option key={key} value={key}>{title}</option>)}
          </select>
          <button
            type="button"
            aria-label={`Sorted ${direction}, reverse`}
            onClick={() => table.sortAs(column, opposite(direction))}
          >
            {direction === "ascending" ? "↑" : "↓"}
          </button>
        </div>
      </div>
      {table.isFiltered.value && <button type="button" class="quiet" onClick={showAll}>Show all</button>}
    </div>
  );
}

/** A choice among values that shows how many models each would leave. */
function Facet<K extends string>({ id, label, counts, chosen, onChoose }: {
  id: string;
  label: string;
  counts: ReadonlyMap<K, number>;
  chosen: K | undefined;
  onChoose: (value: K | undefined) => void;
}): ComponentChildren {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={chosen ?? ""}
        onChange={(event) => onChoose([...counts.keys()].find((key) => key === event.currentTarget.value))}
      >
        <option value="">All</option>
        {[...counts].map(([key, count]) => <option key={key} value={key}>{`${key} (${formatCount(count)})`}</option>)}
      </select>
    </div>
  );
}
