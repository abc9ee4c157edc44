/** Where the workers' scripts are. */
export const TRAINING_WORKER = new URL("./training_worker.ts", import.meta.url);
export const IMPORT_WORKER = new URL("./import_worker.ts", import.meta.url);
export const ANALYSIS_WORKER = new URL("./analysis_worker.ts", import.meta.url);
