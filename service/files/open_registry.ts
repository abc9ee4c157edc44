import { FileError, isMissing } from "../../lab/host.ts";
import { Registry, RegistryError, type RegistryOptions } from "../../lab/models/mod.ts";
import { DiskFolder } from "./disk_folder.ts";
import { asFileErrors } from "./file_error.ts";

/**
 * Opens the models in the folder `dir`, which is created if its parent exists.
 *
 * @param options.onCreated called with a folder that did not exist: its name may have been mistyped
 * @throws {RegistryError} naming the folder and what to do, if it cannot be used
 */
export async function openRegistry(
  dir: string,
  { onCreated, ...options }: RegistryOptions & { onCreated?(folder: string): void } = {},
): Promise<Registry> {
  const folder = new DiskFolder(dir);
  if (await requireFolder(folder)) onCreated?.(folder.path);
  return await Registry.open(folder, options);
}

/** Makes sure that `folder` can be listed, and creates it if it is missing; returns whether it did. */
async function requireFolder(folder: DiskFolder): Promise<boolean> {
  try {
    const { isDirectory } = await asFileErrors(() => Deno.stat(folder.path));
    if (!isDirectory) {
      throw new RegistryError(`the models folder ${folder.path} is not a folder; set MODELS_DIR to one`);
    }
    for await (const _ of folder.list()) break;
    return false;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (isMissing(error)) return await createFolder(folder);
    throw new RegistryError(
      `cannot read the models folder ${folder.path}: ${error.message}; allow it, or set MODELS_DIR to another folder`,
    );
  }
}

async function createFolder(folder: DiskFolder): Promise<boolean> {
  try {
    // False if the other service, started at the same time, was first.
    return await folder.create();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const reason = isMissing(error) ? "the folder above it does not exist" : error.message;
    throw new RegistryError(
      `cannot create the models folder ${folder.path}: ${reason}; create it, or set MODELS_DIR to another folder`,
    );
  }
}
