/**
 * Standard output and standard error. A terminal that is gone, a pipe that nobody reads or a file on a full disk
 * affects only the output, so nothing here throws.
 */

type Stream = Pick<typeof Deno.stdout, "writeSync">;

/** Writes a line to standard output. Returns the error if it could not be written. */
export function printLine(line: string): Error | undefined {
  return writeAll(Deno.stdout, new TextEncoder().encode(`${line}\n`));
}

/** Writes text to standard error, as it is. */
export function printError(text: string): void {
  writeAll(Deno.stderr, new TextEncoder().encode(text));
}

/** Writes all of `bytes`. Returns the error if they could not be written. */
export function writeAll(stream: Stream, bytes: Uint8Array): Error | undefined {
  try {
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
