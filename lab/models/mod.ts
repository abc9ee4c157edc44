/** Models on disk: the metadata file and the `.pth` files beside it, which are changed together. */
export { DuplicateError, RegistryError } from "./errors.ts";
export type { PthStream } from "./model_files.ts";
export { type NewModel, Registry, type RegistryOptions, type StoreOptions } from "./registry.ts";
export { restoreBackup, type Restored } from "./restore_backup.ts";
export { specOf } from "./registry.ts";
