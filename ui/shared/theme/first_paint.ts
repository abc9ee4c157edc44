/** A script of its own that stands before the styles, so that no page is ever painted in the wrong colours. */
import { showTheme } from "./theme.ts";

showTheme();
