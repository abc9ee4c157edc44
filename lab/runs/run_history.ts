/** How a model's training went, one file a model: in a folder of its own, so that the metadata stays small. */
import { dirname, join } from "node:path";
import { removeLeftovers, replaceFile } from "../../service/files/atomic_file.ts";
import { reasonOf, RegistryError } from "../models/errors.ts";

const FOLDER = "history";

/** Where the history of the model lies whose checkpoint is `filename`, a plain name. */
export function historyPath(folder: string, filename: string): string {
  return join(folder, FOLDER, `${filename.replace(/\.pth$/, "")}.json`);
}

/** Callers hold the lock of the models folder. */
export async function writeHistory(path: string, history: unknown): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await replaceFile(path, new TextEncoder().encode(JSON.stringify(history)));
}

/**
 * Undefined where there is none.
 * @throws RegistryError that names the file
 */
export async function readHistory(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof SyntaxError ? "it is not valid JSON" : reasonOf(error);
    throw new RegistryError(`cannot read the history ${path}: ${reason}`, { cause: error });
  }
}

/** What writers that died left behind. Callers hold the lock of the models folder. */
export async function removeHistoryLeftovers(folder: string): Promise<void> {
  try {
    await removeLeftovers(join(folder, FOLDER));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
