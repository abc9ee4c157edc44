/** Python programs that are timed beside ours. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Skipped } from "./case.ts";

const CANDIDATES = ["/usr/bin/python3", "python3"];

/**
 * Finds a Python that has all of `modules`.
 *
 * @throws {Skipped} naming `peer` when there is none
 */
export async function findPython(peer: string, modules: readonly string[]): Promise<string> {
  for (const python of CANDIDATES) {
    try {
      const args = ["-c", `import ${modules.join(", ")}`];
      if ((await new Deno.Command(python, { args, stdout: "null", stderr: "null" }).output()).success) return python;
    } catch {
      // No such program.
    }
  }
  throw new Skipped(`${peer} is not installed (no Python here has all of ${modules.join(", ")})`);
}

/** A process that answers each line of JSON with one line of JSON. */
export interface Companion {
  ask(request: object): Promise<Record<string, unknown>>;
  close(): void;
}

/** Starts a script limited to `threads`; thread pools do not resize cleanly, so each number needs its own process. */
export function startCompanion(python: string, args: readonly string[], threads: number): Companion {
  const count = String(threads);
  const env = { ...Deno.env.toObject(), OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count };
  const child = spawn(python, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${args[0]} ended before it answered`);
      return JSON.parse(value);
    },
    close: () => child.kill("SIGKILL"),
  };
}
