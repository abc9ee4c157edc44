/** The repository's own files, and what they import. */
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

/** One import of a source file. */
export interface SourceImport {
  /** As written, such as `./shape.ts` or `preact`. */
  specifier: string;
  /** From 1. */
  line: number;
  /** `type` imports are erased at run time. A `worker` starts a module graph of its own. */
  kind: "value" | "type" | "worker";
}

const PATTERNS = [
  /^[ \t]*(?:import|export)\b(?<clause>[^"'`;()=]*)\bfrom\s*["'](?<specifier>[^"'\n]+)["']/gm,
  /^[ \t]*import\s*["'](?<specifier>[^"'\n]+)["']/gm,
  /\bimport\s*\(\s*["'](?<specifier>[^"'\n]+)["']/g,
  /\bnew\s+URL\(\s*["'](?<worker>\.{1,2}\/[^"'\n]+\.tsx?)["']\s*,\s*import\.meta\.url/g,
];

/** The imports of `source`, in the order of their lines. Finds them without parsing all of TypeScript. */
export function sourceImports(source: string): SourceImport[] {
  const code = withoutComments(source);
  const found: SourceImport[] = [];
  for (const pattern of PATTERNS) {
    for (const match of code.matchAll(pattern)) {
      const { clause = "", specifier, worker } = match.groups!;
      const kind = worker !== undefined ? "worker" : isTypeOnly(clause) ? "type" : "value";
      const end = match.index + match[0].length; // The line that names the file, if the clause has several.
      found.push({ specifier: specifier ?? worker, line: lineAt(code, end), kind });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/**
 * Blanks the text of comments and keeps the lines. A comment begins a line or follows a blank. A string that looks like
 * a comment is blanked too, which hides no import.
 */
export function withoutComments(source: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  return source
    .replace(/(?<=^|[\s{(,])\/\*[^]*?\*\//gm, blank)
    .replace(/(?<=^|\s)\/\/.*$/gm, blank);
}

/** From 1. */
export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split("\n").length;
}

/** `import type { A }`, `export type * from`, and `import { type A, type B }`. */
function isTypeOnly(clause: string): boolean {
  const names = clause.trim();
  if (/^type\s+[\w{*]/.test(names)) return true;
  const braces = /^\{([^]*)\}$/.exec(names);
  if (braces === null) return false;
  const members = braces[1].split(",").map((member) => member.trim()).filter(Boolean);
  return members.length > 0 && members.every((member) => /^type\s/.test(member));
}

/**
 * The cycles among files, each as the shortest path from a file back to itself. A file on a reported cycle is not a
 * starting point again.
 *
 * @param edges the files that each file imports
 */
export function importCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const reported = new Set<string>();
  for (const start of [...edges.keys()].sort()) {
    if (reported.has(start)) continue;
    const cycle = shortestCycle(start, edges);
    if (cycle === undefined) continue;
    for (const file of cycle) reported.add(file);
    cycles.push(cycle);
  }
  return cycles;
}

/** Searches breadth-first for a path from `start` back to itself. */
function shortestCycle(start: string, edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const next of edges.get(file) ?? []) {
      if (next === start) return [...pathTo(file, start, cameFrom), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      queue.push(next);
    }
  }
}

function pathTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const path = [end];
  while (path[0] !== start) path.unshift(cameFrom.get(path[0])!);
  return path;
}
