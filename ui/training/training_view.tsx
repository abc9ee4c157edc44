import { useSignal } from "@preact/signals";
import { formatFormQuery, type ModelRecord } from "../../protocol/mod.ts";
import { lazily } from "../shared/components/lazily.tsx";
import { Page } from "../shared/components/page.tsx";
import { StoredModelsView } from "./models/stored_models_view.tsx";
import { OverwriteDialog } from "./run/overwrite_dialog.tsx";
import { RunView } from "./run/run_view.tsx";
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
