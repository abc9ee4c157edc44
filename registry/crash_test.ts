import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Registry } from "./mod.ts";
import { testWeights, withFolder } from "./registry_testing.ts";

const CHILD = fileURLToPath(import.meta.resolve("./crash_child_testing.ts"));
const KILLS = Deno.env.get("LAB_LONG") === "1" ? 200 : 10;
/** Longest time from a child's first stored model to its end. */
const LIFE_MS = 60;

/** What a child said it had done, kept over all children. */
class Ledger {
  readonly stored = new Set<string>();
  /** The model that the last child was replacing when it died, if any: it or its successor must be there. */
  replacing: string | undefined;

  hear(line: string): void {
    const [event, id] = line.split(" ");
    if (event === "replacing") {
      this.replacing = id;
    } else {
      this.stored.add(id);
      if (this.replacing !== undefined) this.stored.delete(this.replacing);
      this.replacing = undefined;
    }
  }
}

/** A writer with the permissions that the services have. */
function startChild(folder: string, count: number, seed: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      CHILD,
      folder,
      `${count}`,
      `${seed}`,
    ],
    stdout: "piped",
  }).spawn();
}

/** Calls `hear` with each whole line that the child says, until it ends. */
async function listen(child: Deno.ChildProcess, hear: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    lines.forEach(hear);
  }
}

async function checkFolder(folder: string, { stored, replacing }: Ledger): Promise<void> {
  const registry = await Registry.open(folder);
  const records = await registry.list();
  for (const record of records) {
    assert.deepEqual(await registry.readWeights(record), testWeights(Number(record.seed)), record.id);
  }
  const ids = new Set(records.map((record) => record.id));
  const lost = [...stored].filter((id) => !ids.has(id));
  assert.ok(lost.length === 0 || (lost.length === 1 && lost[0] === replacing), `lost: ${lost}`);
  // What died between its rename and its message may be there, but one model at most.
  const unheard = records.filter((record) => !stored.has(record.id));
  assert.ok(unheard.length <= 1, `not announced: ${unheard.map((record) => record.id)}`);
  if (lost.length === 1) assert.equal(unheard.length, 1, `${replacing} went without a successor`);
  const temps = [...Deno.readDirSync(folder)].filter((entry) => /\.lab-(tmp|removed)$/.test(entry.name));
  assert.deepEqual(temps, []);
}

Deno.test(`a writer killed at any moment, ${KILLS} times, loses no model and leaves none half`, () =>
  withFolder(async (folder) => {
    for (let kill = 0; kill < KILLS; kill++) {
      const ledger = new Ledger();
      for (const record of await (await Registry.open(folder)).list()) ledger.stored.add(record.id);
      const child = startChild(folder, 0, kill * 1000);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await listen(child, (line) => {
        ledger.hear(line);
        timer ??= setTimeout(() => child.kill("SIGKILL"), Math.random() * LIFE_MS);
      });
      assert.equal((await child.status).signal, "SIGKILL");
      await checkFolder(folder, ledger);
    }
  }));

Deno.test("two processes that store at the same time lose nothing", () =>
  withFolder(async (folder) => {
    const ledgers = [new Ledger(), new Ledger()];
    await Promise.all(ledgers.map(async (ledger, i) => {
      const child = startChild(folder, 10, i * 1000);
      await listen(child, (line) => ledger.hear(line));
      assert.ok((await child.status).success);
    }));
    const records = await (await Registry.open(folder)).list();
    const stored = ledgers.flatMap((ledger) => [...ledger.stored]);
    assert.equal(stored.length, 10);
    assert.deepEqual(records.map((record) => record.id).sort(), stored.sort());
    for (const record of records) assert.ok(Deno.statSync(join(folder, record.filename)).isFile);
  }));
