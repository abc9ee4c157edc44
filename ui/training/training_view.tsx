import { useSignal } from "@preact/signals";
import type { ModelRecord } from "../../protocol/mod.ts";
import { Page } from "../shared/components/page.tsx";
import type { TrainingPage } from "./training_page.ts";
import { AnalysisView } from "./analysis/analysis_view.tsx";
import { OverwriteDialog } from "./run/overwrite_dialog.tsx";
import { RunView } from "./run/run_view.tsx";
import { Settings } from "./settings_view.tsx";
import { StoredModelsView } from "./models/stored_models_view.tsx";

export function TrainingView({ model }: { model: TrainingPage }) {
  const useSettings = (record: ModelRecord) => {
    model.form.set(record);
    // To the form, which may be far up and out of sight.
    document.getElementById("model-type")?.focus();
  };
  /** How often a stored model was chosen to be looked into. */
  const asked = useSignal(0);
  const lookInto = (record: ModelRecord) => {
    void model.analysis.open(record.id);
    asked.value++;
  };
  const closeAnalysis = () => {
    model.analysis.close();
    document.getElementById("stored-title")?.focus({ preventScroll: true });
  };
  return (
    <Page current="training" query={model.form.query.value}>
      <div class="columns">
        <Settings model={model} />
        <RunView model={model} />
      </div>
      <AnalysisView analysis={model.analysis} stored={model.stored} asked={asked} onClose={closeAnalysis} />
      <StoredModelsView models={model.models} onUse={useSettings} onLookInto={lookInto} />
      <OverwriteDialog run={model.run} />
    </Page>
  );
}
