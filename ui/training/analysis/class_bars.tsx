import { formatCount } from "../../shared/text/format.ts";
import type { ClassScore } from "./report.ts";

/** How many of each digit are told. */
export function ClassBars({ classes }: { classes: readonly ClassScore[] }) {
  const worst = Math.min(...classes.map(({ percent }) => percent ?? 100));
  return (
    <section aria-labelledby="classes-title">
      <h3 id="classes-title">How well it knows each digit</h3>
      <p class="note">The share of each digit's pictures that it reads right (accuracy per class, or recall).</p>
      <ul class="probabilities classes" aria-labelledby="classes-title">
        {classes.map(({ digit, count, correct, percent }) => (
          <li key={digit} class={percent === worst ? "worst" : undefined}>
            <span>{digit}</span>
            <span class="bar">
              <span style={{ transform: `scaleX(${(percent ?? 0) / 100})` }} />
            </span>
            <span title={`${formatCount(correct)} of ${formatCount(count)}`}>
              {percent === undefined ? "none" : `${percent.toFixed(1)} %`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
