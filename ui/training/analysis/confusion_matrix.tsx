import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Cell } from "./analysis.ts";
import type { Report } from "./report.ts";

const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** By how many rows and columns each key moves the focus. */
const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -9],
  End: [0, 9],
};

/**
 * The confusion matrix: a button for each pair of digit and answer. Tab reaches one cell, and the arrow keys the
 * others.
 */
export function ConfusionMatrix({ report, chosen }: { report: Report; chosen: Signal<Cell | undefined> }) {
  const table = useRef<HTMLTableElement>(null);
  const focused = useSignal<Cell>({ was: 0, said: 0 });
  const moveFocus = (event: KeyboardEvent, { was, said }: Cell) => {
    const move = MOVES[event.key];
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = { was: toDigit(was + move[0]), said: toDigit(said + move[1]) };
    focused.value = to;
    table.current?.querySelectorAll("button")[10 * to.was + to.said]?.focus();
  };
  return (
    <section aria-labelledby="confusion-title">
      <h3 id="confusion-title">What it mixes up (confusion matrix)</h3>
      <p class="note" id="confusion-note">
        Each row is a digit, each column an answer of the model. Choose a cell to see its pictures; the arrow keys move
        from cell to cell.
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
                      onKeyDown={(event) => moveFocus(event, { was, said })}
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

function toDigit(index: number): number {
  return Math.max(0, Math.min(9, index));
}

/** Per cent; a stronger colour would make the numbers hard to read. */
const STRONGEST = 44;

/**
 * Strength of a cell's colour: its count relative to the digit's pictures or, off the diagonal, to the most frequent
 * mistake.
 */
function strengthOf({ confusion, classes }: Report, { was, said }: Cell): string {
  const count = confusion[was][said];
  if (count === 0) return "0%";
  if (was === said) return `${Math.round(STRONGEST * count / classes[was].count)}%`;
  const most = Math.max(...confusion.flatMap((row, digit) => row.filter((_, other) => other !== digit)));
  return `${Math.round(STRONGEST * (count / most) ** 0.8)}%`;
}
