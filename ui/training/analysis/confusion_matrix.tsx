/** A model's confusion matrix, and test digits with its answers: those of a cell, and its worst mistakes. */
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { formatCount, formatShare, plural } from "../../shared/text/format.ts";
import type { Cell, Report, SeenDigit } from "./analysis.ts";

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

/** Number of pictures shown at first. */
const FIRST_PICTURES = 12;

/** The digits of the chosen cell of the matrix. */
export function CellDigits({ report, chosen }: { report: Report; chosen: Signal<Cell | undefined> }) {
  const cell = chosen.value;
  if (cell === undefined) return null;
  const { was, said } = cell;
  const digits = report.digitsOf(was, said);
  return (
    <section class="cell" aria-labelledby="cell-title" aria-live="polite">
      <h3 id="cell-title">
        {was === said ? `A ${was}, and read as ${said}` : `A ${was}, but read as ${said}`}:{" "}
        {plural(digits.length, "digit")}
      </h3>
      {digits.length > 0 && (
        <>
          <p class="note">{was === said ? "The least sure answers first." : "The surest mistakes first."}</p>
          <DigitGallery key={`${was} ${said}`} digits={digits} />
        </>
      )}
    </section>
  );
}

/** The mistakes that the model was most sure of. */
export function Mistakes({ report }: { report: Report }) {
  return (
    <section aria-labelledby="mistakes-title">
      <h3 id="mistakes-title">Its worst mistakes</h3>
      {report.mistakes.length === 0 ? <p class="note">None: it reads every test digit.</p> : (
        <>
          <p class="note">Wrong, and sure of it: the highest confidence first. Could you have read them?</p>
          <DigitGallery digits={report.mistakes} />
        </>
      )}
    </section>
  );
}

/** A list of pictures, and a button that shows more of them. */
function DigitGallery({ digits }: { digits: readonly SeenDigit[] }) {
  const shown = useSignal(FIRST_PICTURES);
  const left = digits.length - shown.value, next = Math.min(left, 2 * FIRST_PICTURES);
  return (
    <>
      <ul class="gallery">
        {digits.slice(0, shown.value).map((digit) => (
          <li key={digit.index}>
            <DigitPicture digit={digit} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button type="button" onClick={() => shown.value += 2 * FIRST_PICTURES}>
          Show {formatCount(next)} more{next < left && ` of ${formatCount(left)}`}
        </button>
      )}
    </>
  );
}

/** A test digit with the model's answer. */
function DigitPicture({ digit: { index, was, said, confidence } }: { digit: SeenDigit }) {
  const isRight = was === said;
  return (
    <figure class="seen">
      <img
        src={`/api/digits/${index}.png`}
        width={56}
        height={56}
        loading="lazy"
        alt={`Test digit ${index}, a ${was}`}
        title={`Test digit ${index}`}
      />
      <figcaption>
        {isRight ? null : (
          <>
            said <strong class="said">{said}</strong>, was <strong>{was}</strong>
            <br />
          </>
        )}
        <span class="note">{formatShare(confidence)} sure</span>
      </figcaption>
    </figure>
  );
}
