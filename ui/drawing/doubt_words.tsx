import { useSignal } from "@preact/signals";
import type { Doubt, PredictResponse } from "../../protocol/mod.ts";
import { formatShare } from "../shared/text/format.ts";

/**
 * The answer to what is no digit: a guess, and why it is no more than that. On a narrow screen the reasons come when they
 * are asked for: by themselves they would push the paper away from under the pen.
 */
export function DoubtWords({ answer, doubt }: { answer: PredictResponse; doubt: Doubt }) {
  const { prediction, probabilities } = answer;
  const isAsked = useSignal(false);
  return (
    <div class={isAsked.value ? "doubt asked" : "doubt"}>
      <p>
        Perhaps {prediction === 8 ? "an" : "a"} {prediction} – but this doesn’t look like a digit to me.{" "}
        <button
          type="button"
          class="inline why"
          aria-expanded={isAsked.value}
          aria-controls="doubt-reasons"
          onClick={() => isAsked.value = !isAsked.value}
        >
          Why?
        </button>
      </p>
      <p class="note" id="doubt-reasons">
        The model knows ten digits and nothing else, so it names one for anything ({formatShare(
          Math.max(...probabilities),
        )} confidence). A second look at the picture alone says that it is unlike the digits it was shown. It says so of
        {" "}
        {doubt.false_alarm_percent} % of real test digits, too.
      </p>
    </div>
  );
}
