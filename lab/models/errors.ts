import type { ModelRecord } from "../../protocol/mod.ts";

/** The models folder, its metadata or a stored model cannot be used. The message says what is wrong and what to do. */
export class RegistryError extends Error {
  override name = "RegistryError";
}

/** The metadata file is there, but another program left something in it that is no list of records. */
export class DamagedMetadataError extends RegistryError {
  /**
   * @param what is wrong, such as "is not UTF-8 text"
   * @param way out, besides mending or moving the file
   */
  constructor(readonly path: string, readonly what: string, wayOut?: string) {
    const byHand = "mend the file, or move it away to start with an empty list";
    super(`${path} ${what}. Nothing was changed: ${wayOut === undefined ? byHand : `${wayOut}. Or ${byHand}`}`);
  }
}

/** A model was not stored, because one of the same configuration is there already. */
export class DuplicateError extends Error {
  override name = "DuplicateError";
  constructor(readonly existing: ModelRecord) {
    super(`a model of this configuration is stored already: ${existing.id}`);
  }
}

/** Why a file operation failed, in words for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is a file";
  if (systemCode(error) === "EROFS") return "it is on a disk that can only be read";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "permission denied";
  }
  return lackOfRoom(error) ?? (error instanceof Error ? error.message : String(error));
}

/** Why a file could not be written for want of room, and what to do; undefined for other errors. */
export function lackOfRoom(error: unknown): string | undefined {
  const code = systemCode(error);
  return code === undefined ? undefined : NO_ROOM[code];
}

const UNHARMED = "Everything stored before is as it was.";

const NO_ROOM: Record<string, string> = {
  ENOSPC: `the disk is full. ${UNHARMED} Free some space, or set MODELS_DIR to a folder on another disk, and try again`,
  EDQUOT: `your disk quota is used up. ${UNHARMED} Free some space, or have it raised, and try again`,
  EFBIG: `the file would be larger than the system allows (\`ulimit -f\`). ${UNHARMED} Raise the limit and try again`,
};

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Deno names some codes; others it gives by their number on Linux and macOS only.
  return "code" in error ? String(error.code) : error.message.includes("(os error 27)") ? "EFBIG" : undefined;
}
