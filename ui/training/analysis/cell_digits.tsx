import type { Signal } from "@preact/signals";
import { plural } from "../../shared/text/format.ts";
import type { Cell } from "./analysis.ts";
import { DigitGallery } from "./digit_gallery.tsx";
import type { Report } from "./report.ts";

const STEP = 12;

/** The digits behind the chosen cell of the matrix. */
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
          <p class="note">{was === said ? "Those that it was least sure of first." : "The surest mistakes first."}</p>
          <DigitGallery key={`${was} ${said}`} digits={digits} step={STEP} />
        </>
      )}
    </section>
  );
}
