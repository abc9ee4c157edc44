/** The models folder, its metadata or a stored model cannot be used. The message says what is wrong and what to do. */
export class RegistryError extends Error {
  override name = "RegistryError";
}

/** Why a file operation failed, in words for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "permission denied";
  }
  return error instanceof Error ? error.message : String(error);
}
