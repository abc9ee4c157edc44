/** Says which tests need the machine to themselves, and counts the tests in a run of `deno test`. */

/**
 * Test files that need the machine to themselves, with what they measure: other tests running beside them would distort
 * it.
 */
export const ALONE: Readonly<Record<string, string>> = {
  "core/formats/fuzz_test.ts": "time to refuse a file",
  "core/formats/hostile_files_test.ts": "time to refuse a file",
  "core/mnist/ood/ood_test.ts": "microseconds per drawing",
  "inference_service/drawing/png/hostile_test.ts": "time and memory to refuse a picture",
  "inference_service/hostile_test.ts": "time to refuse a request",
  "lab/models/many_models_test.ts": "time to store among ten thousand models",
  "scripts/dev_test.ts": "an end within two seconds",
  "scripts/lab_end_test.ts": "an end within two seconds",
  "service/http/health_test.ts": "delay of the event loop",
  "service/http/serve_test.ts": "an end within two seconds",
  "service/http/server/attacks_test.ts": "times and memory of a service under attack",
  "training_service/e2e_test.ts": "an abort within 250 ms, an end within two seconds",
  "training_service/resume_e2e_test.ts": "an abort within 250 ms, an end within two seconds",
  "training_service/resume_test.ts": "an abort within 250 ms",
  "training_service/robustness/hostile_test.ts": "time to refuse a request",
  "training_service/robustness/responsiveness_test.ts": "time to answer while it trains",
  "training_service/robustness/worker_faults_test.ts": "what a service says right after a fault",
  "training_service/sockets/run_socket_test.ts": "messages per second",
  "training_service/sockets/slow_client_test.ts": "a client that reads again before it is cut",
  "training_service/sockets/train_socket_test.ts": "an abort within 250 ms",
  "ui/losses_stream_test.ts": "frames per second",
  "ui/training/models/models_table_test.ts": "ten thousand models within 100 ms",
};

/**
 * Files that need a core to themselves, with what they measure. They mostly wait, so they run beside the first of
 * `ALONE`, which use one core.
 */
export const WAITING: Readonly<Record<string, string>> = {
  "lab/training/worker_engine_test.ts": "an abort within 250 ms",
  "service/http/websocket_test.ts": "when a silent client is noticed",
};

/**
 * Test files that measure the memory of their process, which the parallel tests share, and some that mostly wait. They
 * run one after another in a process of their own, beside those.
 */
export const OWN_PROCESS: readonly string[] = [
  "core/backends/webgpu/backend_test.ts",
  "inference_service/drawing/drawing_fuzz_test.ts",
  "training_service/robustness/fair_shares_test.ts",
  "training_service/robustness/killed_run_test.ts",
  "training_service/robustness/models_folder_test.ts",
  "training_service/robustness/soak_test.ts",
];

/** Files of `ALONE` that only the long tier runs: what they bound still varies too much from run to run. */
export const LONG_ONLY: readonly string[] = ["service/http/server/attacks_test.ts"];

/**
 * Files that spend most of their time on WebGPU. A GPU in software hands its work to threads of its own and waits for
 * them, which takes ten times as long while other tests keep the cores busy.
 */
export const ON_WEBGPU: readonly string[] = ["core/ops/ops_test.ts", "core/training/parity_test.ts"];

/** Tests of code that runs with V8 flags when the lab trains. They are run a second time with these flags. */
export const WITH_FLAGS: readonly (readonly string[])[] = [
  // Mutated code is for processes with checks.
  ["core/backends/wasm/", "core/random_programs_test.ts", "--ignore=core/backends/wasm/unsafe_code_fuzz_test.ts"],
  // The flags change WebAssembly only.
  ["core/ops/ops_test.ts", "core/training/parity_test.ts", "--filter=/ on (WASM|wasm) /"],
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
