/** Causes real faults of the models folder during a run. */
import assert from "node:assert/strict";
import { DEFAULT_CONFIG } from "../../protocol/mod.ts";
import { join } from "node:path";
import { testModel, testWeights } from "../../lab/models/registry_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { foldersOf, withDigits } from "../testing/process.ts";
import { type OpenLab, withOpenLab } from "../testing/open_lab.ts";

const TRAINING_MS = 60_000;

/** Long enough that it does not end before the fault. */
const CONFIG = { ...DEFAULT_CONFIG, num_epochs: 8, batch_size: 512, hidden_layers_config: [32] };

interface Fault {
  /** Causes the fault, during the run. */
  begin(modelsDir: string): Promise<void>;
  /** Repairs it afterwards. */
  mend(modelsDir: string): Promise<void>;
  /** The message that ends the run. */
  told: RegExp;
  /** Whether health checks notice it. */
  isUnhealthy: boolean;
}

const aside = (folder: string) => `${folder}-aside`;

const FAULTS: Record<string, Fault> = {
  "is removed": {
    begin: (folder) => Deno.rename(folder, aside(folder)),
    mend: (folder) => Deno.rename(aside(folder), folder),
    told: /^cannot store a model in MODELS_DIR: it does not exist$/,
    isUnhealthy: true,
  },
  "becomes a file": {
    async begin(folder) {
      await Deno.rename(folder, aside(folder));
      await Deno.writeTextFile(folder, "not a folder");
    },
    async mend(folder) {
      await Deno.remove(folder);
      await Deno.rename(aside(folder), folder);
    },
    told: /^cannot (store a model in|read) MODELS_DIR.*: a part of its path is a file$/,
    isUnhealthy: true,
  },
};

async function modelsOf({ get }: OpenLab): Promise<string[]> {
  return (await get("/api/models")).body.map(({ id }: { id: string }) => id);
}

/** Stores a model, causes `fault` while another one trains, repairs it, and gets everything back. */
async function meet(lab: OpenLab, modelsDir: string, { begin, mend, told, isUnhealthy }: Fault) {
  const { id: old } = await (await openRegistry(modelsDir)).store(testModel, testWeights(0.01));
  const file = await Deno.readFile(join(modelsDir, `${old}.pth`));

  const client = await lab.train(CONFIG);
  await client.next("loss", () => true, TRAINING_MS);
  await begin(modelsDir);
  const { message, resume } = await client.next("error", () => true, TRAINING_MS);
  assert.match(message, told);
  assert.ok(!message.includes(modelsDir), "no client hears where the folder lies");
  assert.equal(await client.end(), 1000);
  const { status, body } = await lab.get("/healthz");
  assert.equal(status, isUnhealthy ? 503 : 200);
  assert.equal(body.checks.dataset.ok, true);
  assert.equal(body.checks.models_folder.ok, !isUnhealthy);

  await mend(modelsDir);
  assert.ok(resume, "what was trained is not lost");
  const again = await lab.train({ resume });
  const { model_id } = await again.next("result", () => true, TRAINING_MS);
  assert.deepEqual((await modelsOf(lab)).sort(), [old, model_id].sort());
  assert.deepEqual(await Deno.readFile(join(modelsDir, `${old}.pth`)), file);
  assert.equal((await lab.get("/healthz")).status, 200);
}

for (const [what, fault] of Object.entries(FAULTS)) {
  Deno.test(`the models folder ${what} during a run: the error says so, nothing is lost, and the run resumes after the repair`, () =>
    withDigits((dir) => withOpenLab(dir, (lab) => meet(lab, foldersOf(dir).modelsDir, fault))));
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output();
  return success;
}

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const folder = await Deno.makeTempDir();
  const isMounted = await run("mount", "-t", "tmpfs", "tmpfs", folder).catch(() => false);
  if (isMounted) await run("umount", folder);
  await Deno.remove(folder);
  return isMounted;
}

const MOUNTED: Record<string, Fault> = {
  "gets full": {
    async begin(folder) {
      const filler = await Deno.open(join(folder, "filler"), { write: true, create: true });
      try {
        while (await filler.write(new Uint8Array(4096)) > 0);
      } catch {
        // Now it is full.
      } finally {
        filler.close();
      }
    },
    mend: (folder) => Deno.remove(join(folder, "filler")),
    told:
      /^cannot store a model in MODELS_DIR: the disk is full\. Everything stored before is as it was\. Free some space/,
    isUnhealthy: false,
  },
  "is read-only": {
    begin: async (folder) => assert.ok(await run("mount", "-o", "remount,ro", folder)),
    mend: async (folder) => assert.ok(await run("mount", "-o", "remount,rw", folder)),
    told: /^cannot store a model in MODELS_DIR: it is on a disk that can only be read$/,
    isUnhealthy: true,
  },
};

for (const [what, fault] of Object.entries(MOUNTED)) {
  Deno.test({
    name:
      `the models folder's disk ${what} during a run: the error says so, nothing is lost, and the run resumes after the repair`,
    ignore: !await canMount(),
    fn: () =>
      withDigits(async (dir) => {
        const { modelsDir } = foldersOf(dir);
        assert.ok(await run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", modelsDir));
        try {
          await withOpenLab(dir, (lab) => meet(lab, modelsDir, fault));
        } finally {
          await run("umount", modelsDir);
        }
      }),
  });
}
