import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { formatFormQuery, type ModelRecord } from "../../protocol/mod.ts";
import { Page } from "../shared/components/page.tsx";
import { lazily } from "../shared/components/rendering.tsx";
import { describeModel, formatDuration, formatPercent, formatTime } from "../shared/text/format.ts";
import { StoredModelsView } from "./models/stored_models_view.tsx";
import type { Run } from "./run/run.ts";
import { RunView } from "./run_view.tsx";
import { Settings } from "./settings_view.tsx";
import type { TrainingPage } from "./training_page.ts";

const LazyAnalysis = lazily(async () => (await import("./analysis/analysis_view.tsx")).AnalysisView);

/** The training page: settings, run, analysis and stored models. */
export function TrainingView({ page }: { page: TrainingPage }) {
  const useSettings = (record: ModelRecord) => {
    page.form.set(record);
    // Moves to the form, which may be far up and out of view.
    document.getElementById("model-type")?.focus();
  };
  /** How often a stored model was chosen to be analysed. */
  const timesChosen = useSignal(0);
  const analyse = (record: ModelRecord) => {
    void page.analysis.open(record.id);
    timesChosen.value++;
  };
  const closeAnalysis = () => {
    page.analysis.close();
    document.getElementById("stored-title")?.focus({ preventScroll: true });
  };
  return (
    <Page
      current="training"
      queries={{ training: page.address.value, inference: formatFormQuery(page.drawingQuery.value) }}
    >
      <div class="columns">
        <Settings model={page} />
        <RunView page={page} />
      </div>
      <LazyAnalysis
        needed={page.analysis.id.value !== undefined}
        analysis={page.analysis}
        stored={page.stored}
        timesChosen={timesChosen}
        onClose={closeAnalysis}
      />
      <StoredModelsView
        models={page.models}
        size={page.form.datasetSize.value}
        onUseSettings={useSettings}
        onAnalyse={analyse}
      />
      <OverwriteDialog run={page.run} />
    </Page>
  );
}

/** Asks whether to overwrite the stored duplicate. Closing the dialog with Escape keeps it. */
function OverwriteDialog({ run }: { run: Run }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const asking = run.phase.value === "asking" && run.connected.value;
    if (asking && !dialog.current?.open) dialog.current?.showModal();
    else if (!asking) dialog.current?.close();
  });
  const existing = run.existing.value;
  return (
    <dialog
      ref={dialog}
      aria-labelledby="overwrite-title"
      aria-describedby="overwrite-text"
      onCancel={(event) => {
        event.preventDefault();
        run.answerOverwrite(false);
      }}
    >
      <h2 id="overwrite-title">You already have this model</h2>
      <div id="overwrite-text">
        {existing && (
          <>
            <p>{describeModel(existing)}.</p>
            <p>
              It was trained on {formatTime(existing.timestamp)} in {formatDuration(existing.training_time)}{" "}
              and recognises {formatPercent(existing.accuracy)} of the test digits.
            </p>
          </>
        )}
        <p class="note">If you overwrite it, you can still use it until the new one is finished.</p>
      </div>
      <div class="buttons">
        <button type="button" class="primary" autofocus onClick={() => run.answerOverwrite(false)}>
          Keep existing
        </button>
        <button type="button" onClick={() => run.answerOverwrite(true)}>Overwrite</button>
      </div>
    </dialog>
  );
}
