/** A separate script that runs before the styles load, so that no page is ever painted in the wrong colours. */
import { showTheme } from "./theme.ts";

showTheme();
