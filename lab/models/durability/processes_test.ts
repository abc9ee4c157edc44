import assert from "node:assert/strict";
import { Ledger, listen, readAll, startReader, startWriter } from "./processes_testing.ts";
import { modelKey, withFolder } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const STEPS = Deno.env.get("LAB_LONG") === "1" ? 300 : 40;

Deno.test("two processes store, replace and remove models without loss, and a third reads only complete models", () =>
  withFolder(async (folder) => {
    const reader = startReader(folder);
    const ledgers = await Promise.all(["one", "two"].map(async (owner, i) => {
      const ledger = new Ledger();
      const child = startWriter(folder, owner, STEPS, i * 1000, "shares");
      await listen(child, (line) => ledger.hear(line));
      assert.ok((await child.status).success, owner);
      return ledger;
    }));
    await reader.stdin.close();
    const { success, stdout } = await reader.output();
    assert.ok(success, "the reader's reason is on stderr");
    const seen = JSON.parse(new TextDecoder().decode(stdout));
    console.log("the reader saw", seen);
    assert.ok(seen.files > 0);

    // Both replaced the same model alternately, so the last version is there, and only once.
    const shared = (await (await openRegistry(folder)).list()).filter(({ owner }) => owner === "all");
    assert.equal(shared.length, 1);
    assert.ok(ledgers.some((ledger) => ledger.shared === modelKey(shared[0])));
    const expected = [...ledgers.flatMap(({ stored }) => [...stored]), modelKey(shared[0])];
    assert.deepEqual([...await readAll(folder)].sort(), expected.sort());
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".pth"));
    assert.equal(files.length, expected.length, "and no file of a model that is gone");
  }));
