import { FileError } from "../host.ts";
import type { ModelRecord } from "../../protocol/mod.ts";

/**
 * Thrown if the models folder, its metadata or a stored model cannot be used. The message says what is wrong and what
 * to do.
 */
export class RegistryError extends Error {
  override name = "RegistryError";
}

/** Thrown if the metadata file exists, but another program has left something in it that is not a list of records. */
export class DamagedMetadataError extends RegistryError {
  /**
   * @param what is wrong, such as "is not UTF-8 text"
   * @param wayOut what to do, besides repairing or moving the file
   */
  constructor(readonly path: string, readonly what: string, wayOut?: string) {
    const byHand = "mend the file, or move it away to start with an empty list";
    super(`${path} ${what}. Nothing was changed: ${wayOut === undefined ? byHand : `${wayOut}. Or ${byHand}`}`);
  }
}

/** Thrown if a model was not stored because one with the same configuration already exists. */
export class DuplicateError extends Error {
  override name = "DuplicateError";
  constructor(readonly existing: ModelRecord) {
    super(`a model of this configuration is stored already: ${existing.id}`);
  }
}

/** Why something failed, for people; this is the message of a `FileError`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a file could not be written because the disk is full. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof FileError && error.fault === "full";
}
