/** PyTorch as the judge of what this lab writes. */

const CANDIDATES = ["/usr/bin/python3", "python3"];
/** To import it would take seconds. */
const FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";

/** A Python that has PyTorch, if there is one and this process may run it. */
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
