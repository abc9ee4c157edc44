import { render } from "preact";
import { keepInAddressBar } from "../lab/address_bar.ts";
import { browserConnection } from "../lab/browser_connection.ts";
import { renderOncePerFrame } from "../lab/frame_rate.ts";
import { browserPreferences } from "../lab/preferences.ts";
import { TrainingModel } from "./model.ts";
import { TrainingPage } from "./view.tsx";

renderOncePerFrame();
const model = new TrainingModel(browserConnection, browserPreferences);
const opening = model.open(location.search);
render(<TrainingPage model={model} />, document.getElementById("page")!);
keepInAddressBar(model.address);
// Meanwhile a model may have been trained elsewhere: in the terminal, or by another person.
addEventListener("focus", () => void model.stored.refresh());
await opening;
