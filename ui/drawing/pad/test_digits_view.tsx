import { useEffect } from "preact/hooks";
import type { DrawingPage } from "../drawing_page.ts";
import { OFFERED, type OfferedDigit, pictureOf } from "./test_digits.ts";

/** Test digits to put on the paper with one press, and the true label of the one on it. */
export function TestDigitsView({ page, onPicked }: { page: DrawingPage; onPicked: () => void }) {
  const { testDigits, sketch } = page;
  useEffect(() => void testDigits.offer(), []);
  const pick = async (offered: OfferedDigit) => {
    const before = sketch.marks.peek();
    const digit = await testDigits.pick(offered);
    // Keep what was drawn meanwhile: it is newer.
    if (digit === undefined || sketch.marks.peek() !== before) return;
    sketch.put([digit]);
    onPicked();
  };
  const offered = testDigits.offered.value;
  const complaint = testDigits.complaint.value;
  return (
    <section class="test-digits" aria-labelledby="test-digits-title">
      <div class="title">
        <h2 id="test-digits-title">Or take a test digit</h2>
        <button type="button" class="small" onClick={() => void testDigits.offer()}>Show {OFFERED} others</button>
      </div>
      {offered && (
        <ul>
          {offered.map((digit) => (
            <li key={digit.index}>
              <button
                type="button"
                aria-label={`Test digit ${digit.index}, a ${digit.label}`}
                aria-pressed={sketch.testDigit.value?.index === digit.index}
                onClick={() => void pick(digit)}
              >
                <img src={pictureOf(digit.index)} width="28" height="28" alt="" draggable={false} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class={complaint ? "note error" : "note"} role="status" aria-label="Test digit">
        {complaint ?? <Truth page={page} />}
      </p>
    </section>
  );
}

/** The digit that the writer meant, and whether the model agrees. */
function Truth({ page: { sketch, outcome: { value: outcome } } }: { page: DrawingPage }) {
  const digit = sketch.testDigit.value;
  if (digit === undefined) return <>From the test set: new to every model.</>;
  return (
    <>
      This was written as a <strong>{digit.label}</strong>. {outcome.kind === "recognised" &&
        (outcome.answer.prediction === digit.label ? "The model agrees." : "The model is wrong.")}
    </>
  );
}
