import { SelectField } from "../../components/field.tsx";
import type { StoredModels } from "../../lab/stored_models.ts";
import { describeModel, formatCount, formatPercent } from "../../text/format.ts";
import type { Analysis } from "./analysis.ts";
import { CellDigits } from "./cell_digits.tsx";
import { ClassBars } from "./class_bars.tsx";
import { ConfusionMatrix } from "./confusion_matrix.tsx";
import { FirstLayerView } from "./first_layer_view.tsx";
import { Mistakes } from "./mistakes.tsx";
import type { Report } from "./report.ts";

/** A stored model looked at closely; the model of the run that has just ended comes by itself. */
export function AnalysisView({ analysis, stored }: { analysis: Analysis; stored: StoredModels }) {
  const records = stored.records.value ?? [];
  if (records.length === 0) return null;
  const state = analysis.state.value;
  const id = analysis.id.value;
  return (
    <section class="card analysis" id="analysis" ref={comeIntoView} aria-labelledby="analysis-title">
      <div class="heading">
        <h2 id="analysis-title">What it has learned</h2>
        <SelectField
          id="analysed-model"
          label="Model to look into"
          hint="The model of a training that ends here is looked into by itself."
          options={records.map((record) => (
            { value: record.id, text: `${describeModel(record)} – ${formatPercent(record.accuracy)}` }
          ))}
          value={records.some((record) => record.id === id) ? id : undefined}
          otherwise="Choose a stored model"
          onChoose={(id) => void analysis.open(id)}
        />
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
