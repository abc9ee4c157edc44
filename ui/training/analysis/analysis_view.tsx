import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { StoredModels } from "../../shared/wire/stored_models.ts";
import { describeModel, formatCount, formatPercent } from "../../shared/text/format.ts";
import type { Analysis, ClassScore, Report } from "./analysis.ts";
import { CellDigits, ConfusionMatrix, Mistakes } from "./confusion_matrix.tsx";
import { FirstLayerView } from "./first_layer_view.tsx";

/**
 * What a stored model gets right and wrong, and what its first layer looks for. It opens for the model of a finished
 * run and for a model chosen in the table. `timesChosen` counts such choices; after each the focus moves here.
 */
export function AnalysisView(
  { analysis, stored, timesChosen, onClose }: {
    analysis: Analysis;
    stored: StoredModels;
    timesChosen: ReadonlySignal<number>;
    onClose: () => void;
  },
) {
  const heading = useRef<HTMLHeadingElement>(null);
  const times = timesChosen.value;
  useEffect(() => {
    if (times === 0) return;
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView();
  }, [times]);
  const state = analysis.state.value;
  if (state.phase === "none") return null;
  const record = stored.records.value?.find(({ id }) => id === state.id);
  return (
    <section class="card analysis" id="analysis" ref={scrollToAnchor} aria-labelledby="analysis-title">
      <div class="heading">
        <div>
          <h2 id="analysis-title" ref={heading} tabIndex={-1}>What it has learned</h2>
          <p class="note">{record ? describeModel(record) : <code>{state.id}</code>}</p>
        </div>
        <button type="button" aria-label="Close the analysis" onClick={onClose}>Close</button>
      </div>
      <div role="status" aria-label="Analysis">
        {state.phase === "working" && (
          <p class="note">Testing the model on all test digits. This may take a few seconds …</p>
        )}
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

/**
 * The browser follows a link to `#analysis` before the section exists, so the section has to scroll itself into view.
 */
function scrollToAnchor(section: HTMLElement | null): void {
  if (section !== null && location.hash === `#${section.id}`) section.scrollIntoView();
}

/** The result in a sentence. */
function Summary({ report }: { report: Report }) {
  const { count, accuracy, recordedAccuracy, mistakes } = report;
  return (
    <p>
      It recognises {formatCount(count - mistakes.length)} of {formatCount(count)}{" "}
      test digits ({formatPercent(accuracy)}
      , its accuracy) and gets {formatCount(mistakes.length)} wrong.
      {report.differsFromRecord &&
        ` Its record says ${formatPercent(recordedAccuracy)}: that was measured on other digits, or on another device.`}
    </p>
  );
}

/** A bar for each digit: the share of its pictures that the model recognises. */
function ClassBars({ classes }: { classes: readonly ClassScore[] }) {
  const worst = Math.min(...classes.map(({ percent }) => percent ?? 100));
  return (
    <section aria-labelledby="classes-title">
      <h3 id="classes-title">How well it knows each digit</h3>
      <p class="note">How many of each digit's pictures it gets right (accuracy per class, or recall).</p>
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
