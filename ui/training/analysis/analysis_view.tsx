import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { describeModel, formatCount, formatPercent } from "../../shared/text/format.ts";
import type { Analysis } from "./analysis.ts";
import { CellDigits, Mistakes } from "./digit_gallery.tsx";
import { ConfusionMatrix } from "./confusion_matrix.tsx";
import { FirstLayerView } from "./first_layer_view.tsx";
import type { ClassScore, Report } from "./report.ts";

/**
 * A stored model looked at closely: that of the run that has just ended, or one that was chosen among the stored ones.
 * `asked`: how often somebody chose one, who is then led here; who only sees a run end is not.
 */
export function AnalysisView(
  { analysis, stored, asked, onClose }: {
    analysis: Analysis;
    stored: StoredModels;
    asked: ReadonlySignal<number>;
    onClose: () => void;
  },
) {
  const heading = useRef<HTMLHeadingElement>(null);
  const times = asked.value;
  useEffect(() => {
    if (times === 0) return;
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView();
  }, [times]);
  const state = analysis.state.value;
  if (state.phase === "none") return null;
  const record = stored.records.value?.find(({ id }) => id === state.id);
  return (
    <section class="card analysis" id="analysis" ref={comeIntoView} aria-labelledby="analysis-title">
      <div class="heading">
        <div>
          <h2 id="analysis-title" ref={heading} tabIndex={-1}>What it has learned</h2>
          <p class="note">{record ? describeModel(record) : <code>{state.id}</code>}</p>
        </div>
        <button type="button" aria-label="Close the analysis" onClick={onClose}>Close</button>
      </div>
      <div role="status" aria-label="Analysis">
        {state.phase === "working" && <p class="note">The model reads all test digits. This may take some seconds …</p>}
        {state.phase === "failed" && <p class="error">{state.words}</p>}
        {state.phase === "ready" && <Summary report={state.report} />}
      </div>
      {state.phase === "ready" && (
        <>
          <div class="halves">
            <ClassBars classes={state.report.classes} />
            <ConfusionMatrix report={state.report} chosen={analysis.cell} />
          </div>
          <CellDigits report={state.report} chosen={analysis.cell} />
          <Mistakes key={state.id} report={state.report} />
          <FirstLayerView key={`${state.id} layer`} state={analysis.firstLayer.value} />
        </>
      )}
    </section>
  );
}

/** A link to this part of the page comes before there is one. */
function comeIntoView(section: HTMLElement | null): void {
  if (section !== null && location.hash === `#${section.id}`) section.scrollIntoView();
}

function Summary({ report }: { report: Report }) {
  const { count, accuracy, recordedAccuracy, mistakes } = report;
  return (
    <p>
      It reads {formatCount(count - mistakes.length)} of {formatCount(count)} test digits ({formatPercent(accuracy)}
      , its accuracy) and gets {formatCount(mistakes.length)} wrong.
      {report.differsFromRecord &&
        ` Its record says ${formatPercent(recordedAccuracy)}: that was measured on other digits, or on another device.`}
    </p>
  );
}

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
