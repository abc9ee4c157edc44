/** Which tests share the machine with others, and which have it to themselves. */

/**
 * Tests that hold the lab to times that a busy machine breaks, or look at the memory of their process, which those beside them
 * share. Files, or folders with all below.
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

/** The longest file: it starts first and runs beside those that share the machine. */
export const PAGES = "ui/pages_test.ts";

/** Files that run at the same time beside `PAGES`: one for each core, as page tests mostly wait for their browser. */
export const SIDE_BY_SIDE = navigator.hardwareConcurrency;
