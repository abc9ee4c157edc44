import assert from "node:assert/strict";
import { notBefore } from "./clock.ts";
import { testModel, testWeights, withFolder } from "./registry_testing.ts";
import { runSnapshot } from "../runs/run_snapshots_testing.ts";
import { openRegistry } from "../../service/files/open_registry.ts";
import { RunSnapshots } from "../runs/run_snapshots.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";

/** Runs `body` with a clock that is `ms` behind the real one. */
async function setBack<T>(ms: number, body: () => Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() - ms;
  try {
    return await body();
  } finally {
    Date.now = now;
  }
}

const HOUR = 3_600_000;

Deno.test("a clock up to a day behind the latest time is not followed, but one further behind is", () => {
  assert.equal(notBefore(1000, 2000), 2000);
  assert.equal(notBefore(2000, 1000), 2000);
  assert.equal(notBefore(100 * 24 * HOUR, 50 * 24 * HOUR), 50 * 24 * HOUR);
});

Deno.test("while the clock is set back, no id is used twice, and the newest model stays first", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    const first = await registry.store(testModel, testWeights(1));
    const removed = await registry.store(testModel, testWeights(2));
    await registry.remove(removed.id);
    const later = await setBack(2 * HOUR, async () => {
      const other = await openRegistry(folder, { write: true });
      return [await other.store(testModel, testWeights(3)), await registry.store(testModel, testWeights(4))];
    });
    assert.equal(new Set([first, removed, ...later].map(({ id }) => id)).size, 4);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [later[1].id, later[0].id, first.id]);
  }));

Deno.test("while the clock is set back, the list is read once and not for every request", () =>
  withFolder(async (folder) => {
    const registry = await openRegistry(folder, { write: true });
    await registry.store(testModel, testWeights(1));
    await setBack(2 * HOUR, async () => {
      await registry.list();
      const { open } = Deno;
      let opened = 0;
      Deno.open = (...args) => {
        opened++;
        return open(...args);
      };
      try {
        for (let i = 0; i < 3; i++) await registry.list();
      } finally {
        Deno.open = open;
      }
      assert.equal(opened, 0);
    });
  }));

Deno.test("a snapshot saved after the clock was set back is not the first to be removed", () =>
  withFolder(async (folder) => {
    const snapshots = await RunSnapshots.open(new DiskFolder(folder), 2);
    for (const id of ["run_1", "run_2"]) await snapshots.save(runSnapshot(id, Date.now()), []);
    await setBack(2 * HOUR, () => snapshots.save(runSnapshot("run_3", Date.now()), []));
    assert.deepEqual(snapshots.list().map(({ history }) => history.run.id), ["run_3", "run_2"]);
  }));
