import assert from "node:assert/strict";
import { join } from "node:path";
import { writePth } from "../../core/formats/pth/writer.ts";
import { Registry, RegistryError } from "./mod.ts";
import { testModel, testWeights, withFolder } from "./registry_testing.ts";

Deno.test("a checkpoint that another program writes anew, in as many bytes, has another version", () =>
  withFolder(async (folder) => {
    const registry = await Registry.open(folder);
    const record = await registry.store(testModel, testWeights(1));
    const version = await registry.checkpointVersion(record);
    assert.equal(await registry.checkpointVersion(record), version);
    const beside = join(folder, "new");
    await Deno.writeFile(beside, writePth(testWeights(2), record.id));
    await Deno.rename(beside, join(folder, record.filename));
    assert.notEqual(await registry.checkpointVersion(record), version);
    await Deno.remove(join(folder, record.filename));
    await assert.rejects(
      registry.checkpointVersion(record),
      (error) => error instanceof RegistryError && error.message.includes(record.id),
    );
  }));
