/**
 * All tests of the pages, in one process so that they share one lab and one browser. Each file also runs on its own:
 * `deno test -A ui/page_tests/training.ts`.
 */
import "./page_tests/accessibility.ts";
import "./page_tests/analysis.ts";
import "./page_tests/between_pages.ts";
import "./page_tests/core_in_page.ts";
import "./page_tests/drawing.ts";
import "./page_tests/first_paint.ts";
import "./page_tests/further_settings.ts";
import "./page_tests/inside.ts";
import "./page_tests/model_files.ts";
import "./page_tests/models_table.ts";
import "./page_tests/pad.ts";
import "./page_tests/run.ts";
import "./page_tests/several_runs.ts";
import "./page_tests/training.ts";
import "./page_tests/whole_way.ts";
