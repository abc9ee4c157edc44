/** Folders that the settings name. */
import { StartupError } from "../../service/settings.ts";

/**
 * Makes sure that `folder` is there, with the folders above it.
 *
 * @param variable the setting by which another place can be chosen
 * @throws {StartupError} when it cannot be had
 */
export async function requireFolder(folder: string, variable: "MODELS_DIR" | "DATA_DIR"): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new StartupError(
      `The folder ${folder} cannot be created (${reasonOf(error)}): set ${variable} to another one`,
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AlreadyExists) return "a file of that name is there";
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is a file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
