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
    requireSize(await Deno.stat(path), path, id);
    return await Deno.readFile(path);
  } catch (error) {
    throw unreadable(error, path, id);
  }
}

/** A file to be passed on. It is open until it is read to its end or cancelled. */
export interface CheckpointStream {
  /** Bytes. */
  size: number;
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * The file as it is now, piece by piece; should another take its place meanwhile, it is read to its end all the same.
 *
 * @throws RegistryError that names the model when its file cannot be read
 */
export async function openCheckpointFile(path: string, id: string): Promise<CheckpointStream> {
  let file: Deno.FsFile | undefined;
  try {
    file = await Deno.open(path);
    const info = await file.stat();
    if (!info.isFile) throw new RegistryError(`the file of model ${id}, ${path}, is not a file`);
    return { size: info.size, stream: file.readable };
  } catch (error) {
    file?.close();
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

function requireSize({ size }: Deno.FileInfo, path: string, id: string) {
  if (size <= MAX_BYTES) return;
  throw new RegistryError(`the file of model ${id}, ${path}, has ${size} bytes; no model here is that large`);
}

function unreadable(error: unknown, path: string, id: string): RegistryError {
  if (error instanceof RegistryError) return error;
  return new RegistryError(`cannot read the file of model ${id}, ${path}: ${reasonOf(error)}`, { cause: error });
}
