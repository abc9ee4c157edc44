import { FileError, type FileFault } from "../../lab/host.ts";

/**
 * Runs `work`, which uses Deno's files.
 *
 * @throws {FileError} instead of Deno's errors
 */
export async function asFileErrors<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error);
  }
}

/** Translates an error that Deno threw in a file operation, for the lab and for people. */
export function fileError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FileError) return error;
  const [fault, reason] = describe(error);
  return new FileError(fault, reason, { cause: error });
}

function describe(error: Error): [FileFault, string] {
  const { NotFound, NotADirectory, PermissionDenied, NotCapable } = Deno.errors;
  const code = systemCode(error);
  if (error instanceof NotFound || code === "ENOENT") return ["missing", "it does not exist"];
  if (error instanceof NotADirectory || code === "ENOTDIR") return ["other", "a part of its path is a file"];
  if (code === "EROFS") return ["other", "it is on a disk that can only be read"];
  const isDenied = error instanceof PermissionDenied || error instanceof NotCapable || code === "EACCES";
  if (isDenied) return ["other", "permission denied"];
  const noRoom = code === undefined ? undefined : NO_ROOM[code];
  return noRoom === undefined ? ["other", error.message] : ["full", noRoom];
}

const UNHARMED = "Everything stored before is as it was.";

const NO_ROOM: Record<string, string> = {
  ENOSPC: `the disk is full. ${UNHARMED} Free some space, or set MODELS_DIR to a folder on another disk, and try again`,
  EDQUOT: `your disk quota is used up. ${UNHARMED} Free some space, or have it raised, and try again`,
  EFBIG: `the file would be larger than the system allows (\`ulimit -f\`). ${UNHARMED} Raise the limit and try again`,
};

function systemCode(error: Error): string | undefined {
  // Deno gives names to some codes; for others it gives only the number, on Linux and macOS.
  return "code" in error ? String(error.code) : error.message.includes("(os error 27)") ? "EFBIG" : undefined;
}
