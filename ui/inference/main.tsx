import { render } from "preact";
import { keepInAddressBar } from "../lab/address_bar.ts";
import { browserConnection } from "../lab/browser_connection.ts";
import { InferenceModel } from "./model.ts";
import { InferencePage } from "./view.tsx";

const model = new InferenceModel(browserConnection);
const opening = model.open(location.search);
render(<InferencePage model={model} />, document.getElementById("page")!);
keepInAddressBar(model.address);
await opening;
