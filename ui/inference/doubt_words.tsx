import { formatShare } from "../text/format.ts";
import type { Doubt, PredictResponse } from "../../protocol/mod.ts";

/** The answer to what is no digit: a guess, and why it is no more than that. */
export function DoubtWords({ answer, doubt }: { answer: PredictResponse; doubt: Doubt }) {
  const { prediction, probabilities } = answer;
  return (
    <div class="doubt">
      <p>Perhaps {prediction === 8 ? "an" : "a"} {prediction} – but this doesn’t look like a digit to me.</p>
      <p class="note">
        The model knows ten digits and nothing else, so it names one for anything ({formatShare(
          Math.max(...probabilities),
        )} confidence). A second look at the picture alone says that it is unlike the digits it was shown. It says so of
        {" "}
        {doubt.false_alarm_percent} % of real test digits, too.
      </p>
    </div>
  );
}
