/** Models on disk: the metadata file and the checkpoints beside it, changed as one. */
export type { CheckpointStream } from "./checkpoint_file.ts";
export { DuplicateError, RegistryError } from "./errors.ts";
export { type NewModel, Registry, type StoreOptions } from "./registry.ts";
export { restoreBackup, type Restored } from "./restore_backup.ts";
export { specOf } from "./spec_of.ts";
export { RunCheckpoints, type SavedRun } from "../runs/run_checkpoints.ts";
