/** The repository's own files. */
import { join, resolve } from "node:path";

/** The root of the repository. */
export const PROJECT_DIR = resolve(import.meta.dirname!, "../..");

/** Folders that git ignores or uses internally. */
const FOREIGN_FOLDERS = new Set([".git", "node_modules", "dist", "data", "models", "results"]);

/** The repository's text files, by path relative to `root`, with forward slashes. Binary files are left out. */
export async function readSources(root = PROJECT_DIR): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(join(root, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory && !FOREIGN_FOLDERS.has(path)) await walk(path);
      if (!entry.isFile || path.endsWith(".tmp")) continue;
      const text = new TextDecoder().decode(await Deno.readFile(join(root, path)));
      if (!text.includes("\0")) sources.set(path, text);
    }
  };
  await walk("");
  return sources;
}
