import type { ModelRecord } from "../protocol/mod.ts";

/** The models folder, its metadata or a stored model cannot be used. The message says what is wrong and what to do. */
export class RegistryError extends Error {
  override name = "RegistryError";
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
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "permission denied";
  }
  return error instanceof Error ? error.message : String(error);
}
