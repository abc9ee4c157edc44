import assert from "node:assert/strict";
import { type Action, Ledger, listen, readAll, startWriter } from "./processes_testing.ts";
import { withFolder } from "../registry_testing.ts";

const isLong = Deno.env.get("LAB_LONG") === "1";
const KILLS = isLong ? 200 : 20;
/** Longest time from a child's first output to its end: several steps. */
const LIFE_MS = 80;

/** Checks that acknowledged actions are done, and that the action in progress is done entirely or not at all. */
async function checkFolder(folder: string, { stored, removed, pending }: Ledger): Promise<Set<string>> {
  const present = await readAll(folder);
  const lost = [...stored].filter((key) => !present.has(key));
  const back = [...removed].filter((key) => present.has(key));
  const unheard = [...present].filter((key) => !stored.has(key));
  assert.deepEqual(back, [], "removed, but there");
  const allowed: Record<Action | "nothing", [lost: string[], unheard: number][]> = {
    nothing: [[[], 0]],
    storing: [[[], 0], [[], 1]],
    replacing: [[[], 0], [[pending?.key ?? ""], 1]],
    removing: [[[], 0], [[pending?.key ?? ""], 0]],
  };
  const isAllowed = allowed[pending?.action ?? "nothing"].some((state) =>
    JSON.stringify(state) === JSON.stringify([lost, unheard.length])
  );
  assert.ok(isAllowed, `${JSON.stringify(pending)}: lost ${lost}, not announced ${unheard}`);
  return present;
}

Deno.test(`a writer killed ${KILLS} times while it stores, overwrites or removes loses no model and leaves none half written`, () =>
  withFolder(async (folder) => {
    const killedWhile: Record<Action | "nothing", number> = { storing: 0, replacing: 0, removing: 0, nothing: 0 };
    let present = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const ledger = new Ledger();
      for (const key of present) ledger.stored.add(key);
      const child = startWriter(folder, "me", 0, kill * 1000);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await listen(child, (line) => {
        ledger.hear(line);
        timer ??= setTimeout(() => child.kill("SIGKILL"), Math.random() * LIFE_MS);
      });
      assert.equal((await child.status).signal, "SIGKILL");
      killedWhile[ledger.pending?.action ?? "nothing"]++;
      present = await checkFolder(folder, ledger);
    }
    console.log("killed while", killedWhile);
    if (isLong) assert.ok(Math.min(killedWhile.storing, killedWhile.replacing, killedWhile.removing) > 0);
  }));
