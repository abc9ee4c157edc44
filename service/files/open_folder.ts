import { reasonOf, RegistryError } from "../../lab/models/errors.ts";

/**
 * Makes sure that `folder` is a folder whose files can be read; creates it where its parent exists,
 * and says whether it did.
 *
 * @throws RegistryError that names the folder and says what to do
 */
export async function openFolder(folder: string): Promise<boolean> {
  try {
    const { isDirectory } = await Deno.stat(folder);
    if (!isDirectory) {
      throw new RegistryError(`the models folder ${folder} is not a folder; set MODELS_DIR to one`);
    }
    for await (const _ of Deno.readDir(folder)) break;
    return false;
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    if (error instanceof Deno.errors.NotFound) return await createFolder(folder);
    throw new RegistryError(
      `cannot read the models folder ${folder}: ${reasonOf(error)}; allow it, or set MODELS_DIR to another folder`,
    );
  }
}

async function createFolder(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder);
    return true;
  } catch (error) {
    // Both services may start at once.
    if (error instanceof Deno.errors.AlreadyExists) return false;
    const reason = error instanceof Deno.errors.NotFound ? "the folder above it does not exist" : reasonOf(error);
    throw new RegistryError(
      `cannot create the models folder ${folder}: ${reason}; create it, or set MODELS_DIR to another folder`,
    );
  }
}
