import { render } from "preact";
import { openExplainer } from "../../core/training/attribution.ts";
import { recordVersion } from "../../protocol/mod.ts";
import { chooseDevices, openOnce, openStored } from "../shared/engine/open_stored.ts";
import { AttributionEngine, LocalEngine, SeveralModels } from "../shared/engine/engines.ts";
import { keepInAddressBar } from "../shared/wire/page_urls.ts";
import { browserConnection } from "../shared/wire/browser_connection.ts";
import { StoredWeights } from "../shared/wire/stored_models.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
import { InsightModel } from "./insight/insight_model.ts";
import { whenIdle } from "./insight/when_idle.ts";
import { InferenceModel } from "./model.ts";
import { decodeSample } from "./samples/decode_sample.ts";
import { InferencePage } from "./view.tsx";

const devices = chooseDevices(new URLSearchParams(location.search).get("device"));
const weights = new StoredWeights(browserConnection);
const model = new InferenceModel({
  connection: browserConnection,
  engine: new LocalEngine(openStored(weights, devices)),
  preferences: browserPreferences,
  decodeSample,
  now: () => performance.now(),
});
const insight = new InsightModel(model, {
  insights: new AttributionEngine(async (record) => {
    const { spec, weights: tensors } = await weights.get(record.id, recordVersion(record));
    return await openExplainer(spec, tensors);
  }),
  several: new SeveralModels(openOnce(browserConnection)),
  preferences: browserPreferences,
  whenIdle,
});
const opening = model.open(location.search);
render(<InferencePage model={model} insight={insight} />, document.getElementById("page")!);
keepInAddressBar(model.choice.address);
// Back from the training page, a model may be there that was missing before.
document.addEventListener("visibilitychange", () => document.hidden || void model.choice.refresh());
await opening;
