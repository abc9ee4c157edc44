/** A models folder in the Python lab's format, made by `scripts/fixtures/make_python_lab.py`. */
import { join } from "node:path";
import expected from "./fixtures/python_lab/expected.json" with { type: "json" };
import { withFolder } from "./registry_testing.ts";

const FIXTURE = join(import.meta.dirname!, "fixtures", "python_lab");

/** PyTorch's logits for the first digits of the test set, by id of the model: `[5][10]`. */
export const pythonLogits: Readonly<Record<string, number[][]>> = expected;

/** Runs `test` with a copy of the folder and removes it afterwards. */
export function withPythonLab(test: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    for await (const { name } of Deno.readDir(FIXTURE)) {
      if (name !== "expected.json") await Deno.copyFile(join(FIXTURE, name), join(folder, name));
    }
    await test(folder);
  });
}
