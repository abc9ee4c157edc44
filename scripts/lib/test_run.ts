/** Says which tests need the machine to themselves, and counts the tests in a run of `deno test`. */

/**
 * Files or whole folders with tests that need the machine to themselves: they hold the lab to times that a busy machine
 * cannot meet, or look at the memory of their process, which parallel tests share.
 */
export const ALONE = [
  "core/backends/webgpu/backend_test.ts",
  "core/formats/fuzz_test.ts",
  "core/mnist/ood/ood_test.ts",
  "inference_service/drawing/drawing_fuzz_test.ts",
  "inference_service/hostile_test.ts",
  "inference_service/drawing/png/hostile_test.ts",
  "lab/models/many_models_test.ts",
  "scripts/bench_test.ts",
  "scripts/dev_test.ts",
  "scripts/lab_end_test.ts",
  "scripts/lib/",
  "service/",
  "training_service/app_test.ts",
  "training_service/e2e_test.ts",
  "training_service/robustness/hostile_test.ts",
  "training_service/robustness/limits_test.ts",
  "training_service/robustness/responsiveness_test.ts",
  "training_service/resume_e2e_test.ts",
  "training_service/resume_test.ts",
  "lab/runs/",
  "training_service/sockets/",
  "training_service/robustness/strangers_test.ts",
  "lab/training/",
  "training_service/robustness/worker_faults_test.ts",
  "ui/losses_stream_test.ts",
  "ui/training/models/models_table_test.ts",
];

/** The longest file. It starts first and runs beside the tests that share the machine. */
export const PAGES = "ui/pages_test.ts";

/**
 * Number of files that run at the same time beside `PAGES`: one per core, because page tests mostly wait for their
 * browser.
 */
export const SIDE_BY_SIDE = navigator.hardwareConcurrency;

/** How many tests and steps passed and failed, and which were skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  /** Names of the skipped tests. */
  skipped: string[];
}

/**
 * Counts the tests and their steps in a report. The report also marks tests that `--filter` left out as skipped, but
 * without a time; these are not counted.
 */
export function countTests(junitXml: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: [] };
  for (const [, attributes, body = ""] of junitXml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    if (/<(failure|error)\b/.test(body)) counts.failed++;
    else if (!/<skipped\b/.test(body)) counts.passed++;
    else if (/\btime="/.test(attributes)) counts.skipped.push(attribute(attributes, "name"));
  }
  return counts;
}

/** The line that continuous integration reads. */
export function summaryLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return value.replace(/&(\w+);/g, (entity, key) => named[key] ?? entity);
}
