import { DigitGallery } from "./digit_gallery.tsx";
import type { Report } from "./report.ts";

const STEP = 12;

/** Where the model was surest, and wrong. */
export function Mistakes({ report }: { report: Report }) {
  return (
    <section aria-labelledby="mistakes-title">
      <h3 id="mistakes-title">Its worst mistakes</h3>
      {report.mistakes.length === 0 ? <p class="note">None: it reads every test digit.</p> : (
        <>
          <p class="note">Wrong, and sure of it: the highest confidence first. Would you have read them?</p>
          <DigitGallery digits={report.mistakes} step={STEP} />
        </>
      )}
    </section>
  );
}
