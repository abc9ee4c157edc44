import { StartupError } from "./settings.ts";

/**
 * Creates `folder` and the folders above it unless it exists, and returns whether it did.
 *
 * @param variable the setting that chooses the folder
 * @throws {StartupError} when it cannot be created
 */
export async function requireFolder(folder: string, variable: "MODELS_DIR" | "DATA_DIR"): Promise<boolean> {
  try {
    const isNew = !await isThere(folder);
    await Deno.mkdir(folder, { recursive: true });
    return isNew;
  } catch (error) {
    const reason = await isLink(folder) ? "it is a link to a missing folder" : reasonOf(error);
    throw new StartupError(`The folder ${folder} cannot be created (${reason}): set ${variable} to another one`);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AlreadyExists) return "a file of that name exists";
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is a file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
