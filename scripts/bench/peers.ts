/** Runs other systems for comparison: finds a Python that has them and starts its processes. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Skipped } from "./case.ts";

/** Tried in this order. */
const CANDIDATES = [Deno.env.get("PEERS_PYTHON"), "/usr/bin/python3", "python3"].filter((name) => name !== undefined);

/**
 * Finds a Python that has all of `modules`: the one that `PEERS_PYTHON` names, or one of the system.
 *
 * @throws {Skipped} naming `peer` if there is none
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
  throw new Skipped(
    `${peer} is not installed (no Python here has all of ${modules.join(", ")}; PEERS_PYTHON names one)`,
  );
}

/** A process that answers each line of JSON with one line of JSON. */
export interface Companion {
  ask(request: object): Promise<Record<string, unknown>>;
  close(): void;
}

/**
 * Starts a script limited to `threads` threads. Thread pools do not resize cleanly, so each number of threads needs its
 * own process.
 */
export function startCompanion(python: string, args: readonly string[], threads: number): Companion {
  const count = String(threads);
  // A kernel chosen for another processor would make NumPy slow.
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("OPENBLAS_"));
  const env = {
    ...Object.fromEntries(inherited),
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
  };
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
