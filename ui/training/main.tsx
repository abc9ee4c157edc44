import { render } from "preact";
import { keepInAddressBar } from "../shared/wire/address_bar.ts";
import { browserConnection } from "../shared/wire/browser_connection.ts";
import { renderOncePerFrame } from "../shared/wire/frame_rate.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
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
