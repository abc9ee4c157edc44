import { render } from "preact";
import { renderOncePerFrame } from "../shared/components/rendering.ts";
import { browserConnection } from "../shared/wire/browser_connection.ts";
import { keepInAddressBar } from "../shared/wire/page_urls.ts";
import { browserPreferences } from "../shared/wire/preferences.ts";
import { TrainingPage } from "./training_page.ts";
import { TrainingView } from "./training_view.tsx";

renderOncePerFrame();
const page = new TrainingPage(browserConnection, browserPreferences);
const opening = page.open(location.search);
render(<TrainingView page={page} />, document.getElementById("page")!);
keepInAddressBar(page.address);
// A model may have been stored elsewhere: in the terminal, or by another person.
addEventListener("focus", () => void page.stored.refresh());
await opening;
