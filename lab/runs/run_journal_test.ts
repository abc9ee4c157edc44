import assert from "node:assert/strict";
import { join } from "node:path";
import type { HistoryMessage } from "../../protocol/mod.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";
import { log } from "../../service/process/log.ts";
import { withFolder } from "../models/registry_testing.ts";
import { RunJournal } from "./run_journal.ts";
import { runSnapshot } from "./run_snapshots_testing.ts";

/** The history of a run that waits. */
function waiting(id: string, created = 1): HistoryMessage {
  const { history } = runSnapshot(id, 1);
  return { ...history, run: { ...history.run, state: "queued", created, place: 3 } };
}

const open = (folder: string) => RunJournal.open(new DiskFolder(folder), log);
const idsOf = (journal: RunJournal) => journal.lost.map(({ run }) => run.id);

Deno.test("runs of a process that is gone are lost, but those of a living one are not", () =>
  withFolder(async (folder) => {
    const first = await open(folder);
    await first.add(waiting("run_1", 1));
    await first.add(waiting("run_2", 2));
    await first.add(waiting("run_3", 3));
    await first.remove("run_1");
    assert.deepEqual(idsOf(await open(folder)), [], "the first one is alive");
    await first.close();
    const third = await open(folder);
    assert.deepEqual(idsOf(third), ["run_3", "run_2"], "newest first");
    const { run, end } = third.find("run_2")!;
    assert.equal(run.state, "failed");
    assert.equal(run.place, undefined);
    assert.match(run.message!, /^The service ended before anything of this training was kept\. Start it again\.$/);
    assert.deepEqual(end, { type: "error", message: run.message });
    await third.close();
    const fourth = await open(folder);
    assert.deepEqual(idsOf(fourth), ["run_3", "run_2"], "reported again after every restart");
    await fourth.close();
  }));

Deno.test("a process without runs leaves nothing behind, and a damaged note does not hide others", () =>
  withFolder(async (folder) => {
    const first = await open(folder);
    await first.close();
    assert.deepEqual([...Deno.readDirSync(join(folder, "runs"))], []);
    const second = await open(folder);
    await second.add(waiting("run_1"));
    const [{ name }] = [...Deno.readDirSync(join(folder, "runs"))];
    Deno.writeTextFileSync(join(folder, "runs", name, "run_0.json"), "{");
    await second.close();
    const third = await open(folder);
    assert.deepEqual(idsOf(third), ["run_1"]);
    assert.equal([...Deno.readDirSync(join(folder, "runs"))].length, 1);
    await third.close();
  }));
