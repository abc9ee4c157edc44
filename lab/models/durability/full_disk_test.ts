import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withFullDisk } from "./disk_fault_testing.ts";
import { Registry, RegistryError } from "../mod.ts";
import { readAll } from "./processes_testing.ts";
import { modelKey, testModel, testWeights, withFolder } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const CHILD = fileURLToPath(import.meta.resolve("./full_disk_child_testing.ts"));
/** An error that says what failed and where, what is left, and what to do. */
const FOR_PEOPLE = /^cannot (store a model|remove model \S+) in \/.*: the disk is full\. Everything .* was\. Free some/;

/** Actions; `old` is one of three stored models. */
const WRITES: Record<string, (registry: Registry, old: string) => Promise<unknown>> = {
  "a store": (registry) => registry.store({ ...testModel, seed: 9 }, testWeights(9)),
  "an overwriting": (registry, old) => registry.store({ ...testModel, seed: 9 }, testWeights(9), { replaces: old }),
  "a removal": (registry, old) => registry.remove(old),
};

for (const [name, write] of Object.entries(WRITES)) {
  for (const lasting of [false, true]) {
    const kind = lasting ? "from then on" : "for a moment";
    Deno.test(`${name} on a disk that is full ${kind}, at any of its writes, is either done or never begun`, async () => {
      let refused = 0, point = 1;
      const isMet = async () => {
        let met = false;
        await withFolder(async (folder) => {
          const registry = await openRegistry(folder, { write: true });
          for (const seed of [1, 2, 3]) await registry.store({ ...testModel, seed }, testWeights(seed));
          const before = await registry.list();
          const [, old] = before;
          let error: unknown, result: unknown;
          met = await withFullDisk({ point, lasting }, async () => {
            try {
              result = await write(registry, old.id);
            } catch (thrown) {
              error = thrown;
            }
          });
          const after = await registry.list();
          if (error !== undefined) {
            refused++;
            assert.ok(error instanceof RegistryError);
            assert.match(error.message, FOR_PEOPLE);
            assert.deepEqual(after, before);
          } else {
            assert.ok(result);
            assert.equal(after.some(({ id }) => id === old.id), name === "a store");
            assert.equal(after.some(({ seed }) => seed === 9), name !== "a removal");
          }
          assert.deepEqual([...await readAll(folder)], after.map(modelKey));
          const files = [...Deno.readDirSync(folder)].filter((entry) => entry.name.endsWith(".pth"));
          assert.equal(files.length, after.length, "no file of a missing model");
          // Once there is room, storing works again.
          await registry.store({ ...testModel, seed: 10 }, testWeights(10));
        });
        return met;
      };
      while (await isMet()) point++;
      console.log(`${point - 1} writes, ${refused} refusals`);
      assert.ok(point > 5 && refused > 0);
    });
  }
}

async function runChild(command: string, args: string[]): Promise<{ stored: string[]; refusals: string[] }> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, env: { NO_COLOR: "1" } }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Runs `test` on a file system of 1 MB, if this user may mount one; returns whether it ran. */
async function withSmallDisk(test: (folder: string) => Promise<void>): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  let mounted = false;
  await withFolder(async (folder) => {
    const run = async (command: string, ...args: string[]) =>
      (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
    mounted = await run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
    try {
      if (mounted) await test(folder);
    } finally {
      if (mounted) await run("umount", folder);
    }
  });
  return mounted;
}

/** Runs a writer whose files are limited to 30 KiB; the list exceeds that after about fifty models. */
function limited(folder: string) {
  const deno = `exec "${Deno.execPath()}" run --no-check --no-code-cache -A "${CHILD}" "${folder}"`;
  return runChild("bash", ["-c", `trap '' XFSZ; ulimit -f 30; ${deno}`]);
}

Deno.test({
  name: "models stored before the disk fills up stay, and the error says what to do",
  // Windows has neither.
  ignore: Deno.build.os === "windows",
  async fn() {
    const onSmallDisk = await withSmallDisk(async (folder) => {
      const models = join(folder, "models");
      const args = ["run", "--no-check", `--allow-read=${folder}`, `--allow-write=${folder}`, CHILD, models];
      const { stored, refusals } = await runChild(Deno.execPath(), [...args, join(folder, "filler")]);
      assert.ok(stored.length > 20, `${stored}`);
      assert.equal(refusals.length, 2, "the last store, and the overwriting");
      for (const refusal of refusals) assert.match(refusal.replace(/^RegistryError: /, ""), FOR_PEOPLE);
      assert.deepEqual([...await readAll(models)].sort(), stored.sort());
      assert.ok(Deno.statSync(join(models, "models_metadata.json.bak")).isFile, "there is room for it again");
    });
    console.log(onSmallDisk ? "on a full tmpfs" : "mounting is not allowed here: under a limit of file sizes only");
    await withFolder(async (folder) => {
      const { stored, refusals: [refusal, ...more] } = await limited(folder);
      assert.ok(stored.length > 20, `${stored}`);
      assert.deepEqual(more, []);
      assert.match(
        refusal,
        /^RegistryError: cannot store a model in \/.*: the file would be larger than the system allows/,
      );
      assert.deepEqual([...await readAll(folder)].sort(), stored.sort());
    });
  },
});
