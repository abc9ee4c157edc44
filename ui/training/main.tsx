import { render } from "preact";
import { keepInAddressBar } from "../shared/wire/page_urls.ts";
import { browserConnection } from "../shared/wire/browser_connection.ts";
import { renderOncePerFrame } from "../shared/components/rendering.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
import { TrainingPage } from "./training_page.ts";
import { TrainingView } from "./training_view.tsx";

renderOncePerFrame();
const model = new TrainingPage(browserConnection, browserPreferences);
const opening = model.open(location.search);
render(<TrainingView model={model} />, document.getElementById("page")!);
keepInAddressBar(model.address);
// Meanwhile a model may have been trained elsewhere: in the terminal, or by another person.
addEventListener("focus", () => void model.stored.refresh());
await opening;
