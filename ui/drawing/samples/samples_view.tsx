import { useEffect } from "preact/hooks";
import type { InferenceModel } from "../model.ts";
import { pictureOf, type TestDigit } from "./sample_shelf.ts";

/** Test digits that one press puts on the paper, and what the one there was written as. */
export function SamplesView({ model, onTaken }: { model: InferenceModel; onTaken: () => void }) {
  const { samples, sketch } = model;
  useEffect(() => void samples.refill(), []);
  const take = async (digit: TestDigit) => {
    const before = sketch.marks.peek();
    const sample = await samples.take(digit);
    // What was drawn meanwhile is newer.
    if (sample === undefined || sketch.marks.peek() !== before) return;
    sketch.place(sample);
    onTaken();
  };
  const digits = samples.digits.value;
  const complaint = samples.complaint.value;
  return (
    <section class="samples" aria-labelledby="samples-title">
      <div class="title">
        <h2 id="samples-title">Or take a test digit</h2>
        <button type="button" class="small" onClick={() => void samples.refill()}>Another handful</button>
      </div>
      {digits && (
        <ul>
          {digits.map((digit) => (
            <li key={digit.index}>
              <button
                type="button"
                aria-label={`Test digit ${digit.index}, a ${digit.label}`}
                aria-pressed={sketch.sample.value?.index === digit.index}
                onClick={() => void take(digit)}
              >
                <img src={pictureOf(digit.index)} width="28" height="28" alt="" draggable={false} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class={complaint ? "note error" : "note"} role="status" aria-label="Test digit">
        {complaint ?? <Truth model={model} />}
      </p>
    </section>
  );
}

/** What the writer meant, and whether the model agrees. */
function Truth({ model }: { model: InferenceModel }) {
  const sample = model.sketch.sample.value;
  if (sample === undefined) return <>Written by people whose digits no model has trained on.</>;
  const outcome = model.outcome.value;
  return (
    <>
      This was written as a <strong>{sample.label}</strong>. {outcome.kind === "recognised" &&
        (outcome.answer.prediction === sample.label ? "The model agrees." : "The model is mistaken.")}
    </>
  );
}
