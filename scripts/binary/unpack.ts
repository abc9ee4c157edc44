/** A binary's embedded files as a folder that Deno runs. */
import { dirname, join } from "node:path";
import type { EmbeddedFile } from "./embedded_files.ts";

/** Where a binary keeps its packages: `…/localhost/<name>/<version>/…`. */
const PACKAGES = /^\.deno_compile_node_modules\/localhost\/(?<name>(@[^/]+\/)?[^/]+)\/[^/]+\/(?<file>.+)$/;

/** The package that a file belongs to, and its path there; undefined for the lab's own. */
export function packageFile(path: string): { name: string; file: string } | undefined {
  return PACKAGES.exec(path)?.groups as { name: string; file: string } | undefined;
}

/**
 * Writes the files to `folder`, packages to `node_modules` there: a binary keeps a list of its packages beside its files,
 * Deno without one looks there. The configuration says that and no more.
 */
export async function unpack(files: readonly EmbeddedFile[], folder: string): Promise<void> {
  const dependencies: Record<string, string> = {};
  for (const { path, bytes } of files) {
    const found = packageFile(path);
    if (found !== undefined) dependencies[found.name] = "*";
    const target = join(folder, found === undefined ? path : `node_modules/${found.name}/${found.file}`);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, bytes);
  }
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
}
