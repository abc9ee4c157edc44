import { render } from "preact";
import { renderOncePerFrame } from "../shared/components/rendering.tsx";
import { browserConnection } from "../shared/wire/browser_connection.ts";
import { effect } from "@preact/signals";
import { followChanges } from "../shared/wire/stored_models.ts";
import { keepInAddressBar, wayBack } from "../shared/wire/page_urls.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
import { TrainingPage } from "./training_page.ts";
import { TrainingView } from "./training_view.tsx";

renderOncePerFrame();
const page = new TrainingPage(browserConnection, browserPreferences);
const opening = page.open(location.search);
effect(() => {
  wayBack.value = page.address.value;
});
render(<TrainingView page={page} />, document.getElementById("page")!);
keepInAddressBar(page.address);
followChanges(() => void page.lookAround(), page.stored);
await opening;
