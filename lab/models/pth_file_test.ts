import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { RegistryError } from "./mod.ts";
import { testModel, testWeights, withFolder } from "./registry_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";

Deno.test("a .pth file that another program replaces with one of the same size has a new version", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder);
    const record = await registry.store(testModel, testWeights(1));
    const version = await registry.pthVersion(record);
    assert.equal(await registry.pthVersion(record), version);
    const beside = join(folder, "new");
    await Deno.writeFile(beside, writePth(testWeights(2), record.id));
    await Deno.rename(beside, join(folder, record.filename));
    assert.notEqual(await registry.pthVersion(record), version);
    await Deno.remove(join(folder, record.filename));
    await assert.rejects(
      registry.pthVersion(record),
      (error) => error instanceof RegistryError && error.message.includes(record.id),
    );
  }));
