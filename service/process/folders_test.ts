import assert from "node:assert/strict";
import { join } from "node:path";
import { StartupError } from "./settings.ts";
import { requireFolder } from "./folders.ts";

Deno.test("a folder is created with the folders above it, and an existing folder is left alone", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const folder = join(dir, "a", "b");
    for (const isNew of [true, false]) assert.equal(await requireFolder(folder, "MODELS_DIR"), isNew);
    assert((await Deno.stat(folder)).isDirectory);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a file in place of a folder is named, with the setting to change it", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (
      const [folder, reason] of [[file, "a file of that name exists"], [join(file, "sub"), "a part of its path"]]
    ) {
      await assert.rejects(requireFolder(folder, "MODELS_DIR"), (error) => {
        assert(error instanceof StartupError);
        assert(error.message.startsWith(`The folder ${folder} cannot be created (${reason}`), error.message);
        assert.match(error.message, /set MODELS_DIR to another one$/);
        return true;
      });
    }
  } finally {
    await Deno.remove(file);
  }
});
