/** Histories of trainings, one file per model in a separate folder, so that the metadata stays small. */
import { type Folder, isMissing } from "../host.ts";
import { reasonOf, RegistryError } from "./errors.ts";

/** A history has at most some 20,000 losses. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * Writes the history of the model whose file in the models folder `models` has the plain name `filename`. Callers hold
 * the folder's lock.
 */
export async function writeHistory(models: Folder, filename: string, history: unknown): Promise<void> {
  const folder = historyFolder(models);
  await folder.create();
  await folder.replace(nameOf(filename), new TextEncoder().encode(JSON.stringify(history)));
}

/**
 * Reads the history of a model; undefined if there is none.
 * @throws {RegistryError} that names the file
 */
export async function readHistory(models: Folder, filename: string): Promise<unknown> {
  const folder = historyFolder(models), name = nameOf(filename);
  try {
    return JSON.parse(new TextDecoder().decode(await folder.read(name, MAX_BYTES)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    const reason = error instanceof SyntaxError ? "it is not valid JSON" : reasonOf(error);
    throw new RegistryError(`cannot read the history ${folder.pathOf(name)}: ${reason}`, { cause: error });
  }
}

/** Removes a model's history. @throws {FileError} if it is missing or cannot be removed */
export function removeHistory(models: Folder, filename: string): Promise<void> {
  return historyFolder(models).remove(nameOf(filename));
}

/** Removes files left behind by writers that died. Callers hold the lock of the models folder. */
export async function removeHistoryLeftovers(models: Folder): Promise<void> {
  try {
    await historyFolder(models).removeLeftovers();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function historyFolder(models: Folder): Folder {
  return models.subfolder("history");
}

function nameOf(filename: string): string {
  return `${filename.replace(/\.pth$/, "")}.json`;
}
