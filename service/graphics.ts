/** What graphics drivers expect of the environment. */
import { tmpdir } from "node:os";

/**
 * Variables for a child process. On a Linux machine without a desktop session, drivers complain on stderr about the
 * missing XDG_RUNTIME_DIR whenever a program looks for a GPU, although nothing here needs it.
 */
export function graphicsEnvironment(): Record<string, string> {
  if (Deno.build.os !== "linux" || Deno.env.get("XDG_RUNTIME_DIR")) return {};
  return { XDG_RUNTIME_DIR: tmpdir() };
}
