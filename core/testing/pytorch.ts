/** Finds PyTorch for tests that load the lab's files with it. */

const CANDIDATES = ["/usr/bin/python3", "python3"];
/** Looks PyTorch up without importing it, which would take seconds. */
const FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";

/** The path of a Python that has PyTorch, if there is one and this process may run it. */
export async function findPyTorch(): Promise<string | undefined> {
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") return undefined;
  for (const python of CANDIDATES) {
    try {
      const { success } = await new Deno.Command(python, { args: ["-c", FIND], stderr: "null" }).output();
      if (success) return python;
    } catch {
      // Not installed: try the next one.
    }
  }
  return undefined;
}
