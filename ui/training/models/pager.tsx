import { Button } from "../../shared/components/button.tsx";
import { formatCount } from "../../shared/text/format.ts";
import { type ModelsTable, PAGE_ROWS } from "./models_table.ts";

/** Turns the pages of the table, where it has more than one. */
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
