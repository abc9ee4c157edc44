import type { ModelRecord } from "../../protocol/mod.ts";
import { Page } from "../components/page.tsx";
import type { TrainingModel } from "./model.ts";
import { AnalysisView } from "./analysis/analysis_view.tsx";
import { OverwriteDialog } from "./overwrite_dialog.tsx";
import { RunView } from "./run_view.tsx";
import { Settings } from "./settings_view.tsx";
import { StoredModelsView } from "./models/stored_models_view.tsx";

export function TrainingPage({ model }: { model: TrainingModel }) {
  const useSettings = (record: ModelRecord) => {
    model.form.set(record);
    // To the form, which may be far up and out of sight.
    document.getElementById("model-type")?.focus();
  };
  return (
    <Page current="training" query={model.form.query.value}>
      <div class="columns">
        <Settings model={model} />
        <RunView model={model} />
      </div>
      <AnalysisView analysis={model.analysis} stored={model.stored} />
      <StoredModelsView models={model.models} onUse={useSettings} />
      <OverwriteDialog run={model.run} />
    </Page>
  );
}
