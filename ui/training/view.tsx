import { Page } from "../components/page.tsx";
import type { TrainingModel } from "./model.ts";
import { AnalysisView } from "./analysis/analysis_view.tsx";
import { OverwriteDialog } from "./overwrite_dialog.tsx";
import { RunView } from "./run_view.tsx";
import { Settings } from "./settings_view.tsx";
import { StoredModelsView } from "./stored_models_view.tsx";

export function TrainingPage({ model }: { model: TrainingModel }) {
  return (
    <Page
      current="training"
      title="Train a network"
      lead="It looks at 60,000 handwritten digits and learns to read them. Watch it get better."
      query={model.form.query.value}
    >
      <div class="columns">
        <Settings model={model} />
        <RunView model={model} />
      </div>
      <AnalysisView analysis={model.analysis} stored={model.stored} />
      <StoredModelsView stored={model.stored} bringIn={model.bringIn} />
      <OverwriteDialog run={model.run} />
    </Page>
  );
}
