/**
 * Standard output and standard error. A terminal that is gone, a pipe that nobody reads or a file on a full disk
 * affects only the output, so printing never throws.
 */
import { RegistryError } from "../../lab/models/mod.ts";
import { StartupError } from "./settings.ts";

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

/** Runs `main`. A `StartupError` or a `RegistryError` becomes one line on stderr and exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StartupError || error instanceof RegistryError)) throw error;
    printError(`${error.message}\n`);
    Deno.exit(1);
  }
}
