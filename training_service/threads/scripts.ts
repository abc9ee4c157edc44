/** A worker that calls `serveTrainings`. */
export const TRAINING_WORKER = new URL("./training_worker.ts", import.meta.url);
/** A worker that answers by `importAnswerer`. */
export const IMPORT_WORKER = new URL("./import_worker.ts", import.meta.url);
/** A worker that answers by `analyse`. */
export const ANALYSIS_WORKER = new URL("./analysis_worker.ts", import.meta.url);
