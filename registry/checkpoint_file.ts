import { join } from "node:path";
import { reasonOf, RegistryError } from "./errors.ts";
import { fingerprintOf } from "./metadata/metadata_file.ts";

/** Four times the largest model of this lab. Nothing larger is read into memory. */
const MAX_BYTES = 512 * 2 ** 20;

/** The name alone, of a checkpoint: no folder, no drive, and none of the registry's own files. */
const PLAIN_PTH = /^[^/\\:\0]+\.pth$/;

/** Whether a record may name `filename` as its checkpoint. */
export function isPlainPth(filename: string): boolean {
  return PLAIN_PTH.test(filename);
}

/**
 * Where the checkpoint of a record lies.
 * @throws RegistryError when `filename` would lead out of `folder` or is no `.pth`
 */
export function checkpointPath(folder: string, id: string, filename: string): string {
  if (!isPlainPth(filename)) {
    throw new RegistryError(
      `model ${id} names the file ${JSON.stringify(filename)}; it must be the plain name of a .pth in ${folder}`,
    );
  }
  return join(folder, filename);
}

/** @throws RegistryError that names the model when its file cannot be read */
export async function readCheckpointFile(path: string, id: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_BYTES) {
      throw new RegistryError(`the file of model ${id}, ${path}, has ${size} bytes; no model here is that large`);
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw unreadable(error, path, id);
  }
}

/**
 * Changes whenever the file is written anew.
 * @throws RegistryError that names the model when its file cannot be looked at
 */
export async function checkpointFingerprint(path: string, id: string): Promise<string> {
  try {
    return fingerprintOf(await Deno.stat(path));
  } catch (error) {
    throw unreadable(error, path, id);
  }
}

function unreadable(error: unknown, path: string, id: string): RegistryError {
  return new RegistryError(`cannot read the file of model ${id}, ${path}: ${reasonOf(error)}`, { cause: error });
}
