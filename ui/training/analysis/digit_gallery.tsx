/** Test digits with a model's answers: the digits of a cell of the matrix, and its worst mistakes. */
import { type Signal, useSignal } from "@preact/signals";
import { formatCount, formatShare, plural } from "../../shared/text/format.ts";
import type { Cell } from "./analysis.ts";
import type { Report, SeenDigit } from "./report.ts";

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
