import { render } from "preact";
import { chooseDevices } from "../engine/choose_devices.ts";
import { LocalEngine } from "../engine/local_engine.ts";
import { openStored } from "../engine/open_stored.ts";
import { keepInAddressBar } from "../lab/address_bar.ts";
import { browserConnection } from "../lab/browser_connection.ts";
import { browserPreferences } from "../lab/preferences.ts";
import { InferenceModel } from "./model.ts";
import { decodeSample } from "./samples/decode_sample.ts";
import { InferencePage } from "./view.tsx";

const devices = chooseDevices(new URLSearchParams(location.search).get("device"));
const model = new InferenceModel({
  connection: browserConnection,
  engine: new LocalEngine(openStored(browserConnection, devices)),
  preferences: browserPreferences,
  decodeSample,
  now: () => performance.now(),
});
const opening = model.open(location.search);
render(<InferencePage model={model} />, document.getElementById("page")!);
keepInAddressBar(model.address);
// Back from the training page, a model may be there that was missing before.
document.addEventListener("visibilitychange", () => document.hidden || void model.refresh());
await opening;
