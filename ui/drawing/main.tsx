import { render } from "preact";
import { openExplainer } from "../../core/training/attribution.ts";
import { recordVersion } from "../../protocol/mod.ts";
import { AttributionEngine, LocalEngine, SeveralModels } from "../shared/engine/engines.ts";
import { chooseDevices, openOnce, openStored } from "../shared/engine/open_stored.ts";
import { browserRequests } from "../shared/wire/browser_connection.ts";
import { keepInAddressBar } from "../shared/wire/page_urls.ts";
import { StoredWeights, whenBack } from "../shared/wire/stored_models.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
import { DrawingPage } from "./drawing_page.ts";
import { Inside, whenIdle } from "./inside.ts";
import { decodePicture } from "./test_digits.ts";
import { DrawingPageView } from "./page_view.tsx";

const devices = chooseDevices(new URLSearchParams(location.search).get("device"));
const weights = new StoredWeights(browserRequests);
const page = new DrawingPage({
  connection: browserRequests,
  engine: new LocalEngine(openStored(weights, devices)),
  preferences: browserPreferences,
  decodePicture,
  now: () => performance.now(),
});
const inside = new Inside(page, {
  attributions: new AttributionEngine(async (record) => {
    const { spec, weights: tensors } = await weights.get(record.id, recordVersion(record));
    return await openExplainer(spec, tensors);
  }),
  several: new SeveralModels(openOnce(browserRequests)),
  preferences: browserPreferences,
  whenIdle,
});
const opening = page.open(location.search);
render(<DrawingPageView page={page} inside={inside} />, document.getElementById("page")!);
keepInAddressBar(page.choice.address);
// A missing model may have been trained on the training page meanwhile.
whenBack(() => void page.choice.refresh());
await opening;
