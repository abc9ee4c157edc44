import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Cell } from "./analysis.ts";
import type { Report } from "./report.ts";

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Rows and columns to go by each key. */
const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -9],
  End: [0, 9],
};

/** What was taken for what: a button for each pair, reached by the arrow keys from the one that Tab leads to. */
export function ConfusionMatrix({ report, chosen }: { report: Report; chosen: Signal<Cell | undefined> }) {
  const table = useRef<HTMLTableElement>(null);
  const focused = useSignal<Cell>({ was: 0, said: 0 });
  const go = (event: KeyboardEvent, { was, said }: Cell) => {
    const move = MOVES[event.key];
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = { was: within(was + move[0]), said: within(said + move[1]) };
    focused.value = to;
    table.current?.querySelectorAll("button")[10 * to.was + to.said]?.focus();
  };
  return (
    <section aria-labelledby="confusion-title">
      <h3 id="confusion-title">What it takes for what (confusion matrix)</h3>
      <p class="note" id="confusion-note">
        Each row is a digit, each column what the model said. Choose a cell to see its pictures; arrow keys go from cell
        to cell.
      </p>
      <table
        ref={table}
        class="confusion"
        role="grid"
        aria-labelledby="confusion-title"
        aria-describedby="confusion-note"
      >
        <thead>
          <tr>
            <th scope="col" class="corner">was \ said</th>
            {DIGITS.map((said) => <th key={said} scope="col">{said}</th>)}
          </tr>
        </thead>
        <tbody>
          {DIGITS.map((was) => (
            <tr key={was}>
              <th scope="row">{was}</th>
              {DIGITS.map((said) => {
                const count = report.confusion[was][said];
                const isChosen = chosen.value?.was === was && chosen.value.said === said;
                const isFocused = focused.value.was === was && focused.value.said === said;
                return (
                  <td key={said}>
                    <button
                      type="button"
                      class={was === said ? "right" : count > 0 ? "wrong" : "none"}
                      style={{ "--strength": strengthOf(report, { was, said }) }}
                      tabIndex={isFocused ? 0 : -1}
                      aria-pressed={isChosen}
                      aria-label={`Was ${was}, said ${said}: ${count} ${count === 1 ? "digit" : "digits"}`}
                      onFocus={() => focused.value = { was, said }}
                      onKeyDown={(event) => go(event, { was, said })}
                      onClick={() => chosen.value = isChosen ? undefined : { was, said }}
                    >
                      {count > 0 && count}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function within(place: number): number {
  return Math.max(0, Math.min(9, place));
}

/** Stronger colours would leave the numbers too little contrast. */
const STRONGEST = 44;

/** Of a cell's colour, in per cent: beside the most frequent mistake, or beside all pictures of the digit. */
function strengthOf({ confusion, classes }: Report, { was, said }: Cell): string {
  const count = confusion[was][said];
  if (count === 0) return "0%";
  if (was === said) return `${Math.round(STRONGEST * count / classes[was].count)}%`;
  const most = Math.max(...confusion.flatMap((row, digit) => row.filter((_, other) => other !== digit)));
  return `${Math.round(STRONGEST * (count / most) ** 0.8)}%`;
}
