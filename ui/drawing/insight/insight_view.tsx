import type { ComponentChildren } from "preact";
import { AllModelsView } from "./all_models_view.tsx";
import type { Explained, ExplainedModel, Section } from "./explained_model.ts";
import type { InsightModel } from "./insight_model.ts";
import { LayersView } from "./layers_view.tsx";
import { PictureView } from "./picture_view.tsx";

/** A look into the model that answered, and at what the others say. */
export function InsightView({ insight: { explained, all, useModel, inUse } }: { insight: InsightModel }) {
  return (
    <section class="card insight" aria-labelledby="insight-title">
      <h2 id="insight-title">Look inside</h2>
      <Part model={explained} section="picture" title="What the model sees">
        {(explained) => <PictureView explained={explained} />}
      </Part>
      <Part model={explained} section="layers" title="What its layers make of it">
        {(explained) => <LayersView explained={explained} />}
      </Part>
      <AllModelsView model={all} useModel={useModel} inUse={inUse.value?.id} />
    </section>
  );
}

interface PartProps {
  model: ExplainedModel;
  section: Section;
  title: string;
  children: (explained: Explained) => ComponentChildren;
}

/** A section that costs nothing while it is closed. */
function Part({ model, section, title, children }: PartProps) {
  const open = model.isOpen(section), explained = model.explained.value, error = model.error.value;
  return (
    <details open={open} onToggle={(event) => model.setOpen(section, event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && (
        <div class="part">
          {explained
            ? children(explained)
            : <p class={error ? "error" : "note"}>{error ?? "Draw a digit, and it is shown here."}</p>}
        </div>
      )}
    </details>
  );
}
