/** Which tests share the machine with others, and which have it to themselves. */

/**
 * Tests that hold the lab to times (an abort, a shut-down, a frame) or look at the memory of their process: others beside them
 * would be measured too. Files, or folders with all below.
 */
export const ALONE = [
  "core/backends/webgpu/webgpu_test.ts",
  "core/checkpoint/fuzz_test.ts",
  "core/mnist/doubt_test.ts",
  "inference_service/",
  "registry/many_models_test.ts",
  "scripts/",
  "service/",
  "training_service/app_test.ts",
  "training_service/e2e_test.ts",
  "training_service/hostile_test.ts",
  "training_service/limits_test.ts",
  "training_service/responsiveness_test.ts",
  "training_service/resume_e2e_test.ts",
  "training_service/runs/",
  "training_service/soak_test.ts",
  "training_service/sockets/",
  "training_service/strangers_test.ts",
  "training_service/worker/",
  "training_service/worker_faults_test.ts",
  "ui/drawing_page_test.ts",
  "ui/losses_stream_test.ts",
  "ui/models_table_test.ts",
  "ui/training/models/models_table_test.ts",
];
