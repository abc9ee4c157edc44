import { render } from "preact";
import { keepInAddressBar } from "../lab/address_bar.ts";
import { browserConnection } from "../lab/browser_connection.ts";
import { TrainingModel } from "./model.ts";
import { TrainingPage } from "./view.tsx";

const model = new TrainingModel(browserConnection);
const opening = model.open(location.search);
render(<TrainingPage model={model} />, document.getElementById("page")!);
keepInAddressBar(model.address);
await opening;
