import { dirname, join } from "node:path";

/**
 * Reads the files inside a compiled binary. `deno compile` of Deno 2.9 writes the length of a JSON list of folders and
 * files, the list, the length of the contents, and the contents; lengths are 64-bit little-endian.
 */

/** A file inside a compiled binary. */
export interface EmbeddedFile {
  /** With forward slashes, from the folder that was compiled. */
  path: string;
  bytes: Uint8Array;
}

type Entry = { Dir: { n: string; e: Entry[] } } | { File: { n: string; o: [start: number, length: number] } };

const LIST_START = '[{"Dir":{"n":"';

/** @throws {Error} for a file without embedded files, or with those of another Deno version */
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

/** Finds a length that is followed by a list of exactly that length. */
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
      // These bytes happen to occur elsewhere.
    }
  }
  throw new Error("the binary has no list of embedded files");
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** Unpacks a binary's embedded files into a folder that Deno can run. */

/** Where a binary keeps its packages: `…/localhost/<name>/<version>/…`. */
const PACKAGES = /^\.deno_compile_node_modules\/localhost\/(?<name>(@[^/]+\/)?[^/]+)\/[^/]+\/(?<file>.+)$/;

/** The package that a file belongs to, and its path there; undefined for the lab's own. */
export function packageFile(path: string): { name: string; file: string } | undefined {
  return PACKAGES.exec(path)?.groups as { name: string; file: string } | undefined;
}

/**
 * Writes the files to `folder`, and packages to `node_modules` in it: a binary keeps a list of its packages, but Deno
 * itself looks there. The configuration it writes says only that.
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
