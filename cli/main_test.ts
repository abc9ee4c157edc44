import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedTensor, parameterSpecs } from "../core/models/spec.ts";
import { specOf } from "../lab/models/mod.ts";
import { testModel, withFolder } from "../lab/models/registry_testing.ts";
import { openRegistry } from "../service/files/open_registry.ts";

const MAIN = join(import.meta.dirname!, "main.ts");
/** So wide that its file does not fit into a pipe, so the writer notices that nobody reads. */
const WIDE = { ...testModel, hidden_layers_config: [512] };

function weights(): NamedTensor[] {
  return parameterSpecs(specOf(WIDE)).map(({ name, shape }) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  }));
}

Deno.test({
  name: "an export to a pipe that is closed early ends silently with code 141",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const { id } = await (await openRegistry(folder, { write: true })).store(WIDE, weights());
      const lab = `"${Deno.execPath()}" run --quiet --allow-read --allow-env --allow-sys "${MAIN}"`;
      const { stdout, stderr } = await new Deno.Command("bash", {
        args: ["-c", `${lab} export ${id} -o - | head -c 2; echo " \${PIPESTATUS[0]}"`],
        env: { MODELS_DIR: folder },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      assert.equal(new TextDecoder().decode(stdout), "PK 141\n", "the first bytes of a zip archive");
    }),
});
