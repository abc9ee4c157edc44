import { dirname, join } from "node:path";

/**
 * The files inside a compiled binary, read from the binary itself: a list of folders and files as JSON, in front of it its
 * length, behind it the length of the contents and the contents (as `deno compile` of Deno 2.9 writes them; 64-bit
 * little-endian lengths).
 */

/** A file inside a compiled binary. */
export interface EmbeddedFile {
  /** With forward slashes, from the folder that was compiled. */
  path: string;
  bytes: Uint8Array;
}

type Entry = { Dir: { n: string; e: Entry[] } } | { File: { n: string; o: [start: number, length: number] } };

const LIST_START = '[{"Dir":{"n":"';

/** @throws {Error} for a file that holds none, or another version's */
export function embeddedFiles(binary: Uint8Array<ArrayBuffer>): EmbeddedFile[] {
  const { entries, contents } = findList(binary);
  const files: EmbeddedFile[] = [];
  const collect = (entry: Entry, folder: string) => {
    if ("Dir" in entry) {
      for (const child of entry.Dir.e) collect(child, `${folder}${entry.Dir.n}/`);
    } else if ("File" in entry) {
      const [start, length] = entry.File.o;
      files.push({ path: folder + entry.File.n, bytes: contents.subarray(start, start + length) });
    } else {
      throw new Error(`the list of embedded files has an entry of an unknown kind: ${Object.keys(entry)}`);
    }
  };
  for (const entry of entries) collect(entry, "");
  return files;
}

/** The place where a length stands in front of a list of just that length. */
function findList(binary: Uint8Array<ArrayBuffer>): { entries: Entry[]; contents: Uint8Array } {
  const start = new TextEncoder().encode(LIST_START);
  const view = new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  for (let at = indexOf(binary, start, 8); at >= 0; at = indexOf(binary, start, at + 1)) {
    const length = Number(view.getBigUint64(at - 8, true));
    if (at + length > binary.length) continue;
    try {
      const entries = JSON.parse(new TextDecoder().decode(binary.subarray(at, at + length))) as Entry[];
      const size = Number(view.getBigUint64(at + length, true));
      return { entries, contents: binary.subarray(at + length + 8, at + length + 8 + size) };
    } catch {
      // The same bytes in somebody's text.
    }
  }
  throw new Error("no list of embedded files is found in the binary");
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** A binary's embedded files as a folder that Deno runs. */

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
