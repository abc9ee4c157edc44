import assert from "node:assert/strict";
import { join } from "node:path";
import { refuseFile } from "../models/durability/disk_fault_testing.ts";
import { RunSnapshots } from "./run_snapshots.ts";
import { runSnapshot } from "./run_snapshots_testing.ts";
import { filesIn, refused, withFolder } from "../models/registry_testing.ts";
import { DiskFolder } from "../../service/files/disk_folder.ts";

let saved = 0;
const snapshotOf = (id: string) => runSnapshot(id, ++saved);

const tensors = (value: number) => [{ name: "w", shape: [2, 2], data: Float32Array.of(value, -0, 1e-45, Infinity) }];
const snapshotFiles = (folder: string) => filesIn(join(folder, "checkpoints")).filter((name) => name !== ".lock");

Deno.test("a saved snapshot is found again to the bit, also by the next service", () =>
  withFolder(async (folder) => {
    const first = await RunSnapshots.open(new DiskFolder(folder));
    assert.deepEqual(first.list(), []);
    assert.deepEqual(filesIn(folder), [], "nothing is created before it is needed");
    const snapshot = snapshotOf("run_1");
    await first.save(snapshotOf("run_1"), tensors(1));
    await first.save({ ...snapshot, step: 8 }, tensors(3));
    for (const snapshots of [first, await RunSnapshots.open(new DiskFolder(folder))]) {
      const [found] = snapshots.list();
      assert.equal(found.step, 8);
      assert.equal(found.loss_sum, 0.1 + 0.2);
      assert.deepEqual(found.history.losses, snapshot.history.losses);
      assert.deepEqual(found.history.logs, snapshot.history.logs);
      assert.deepEqual(await snapshots.read("run_1"), tensors(3));
      assert.equal(snapshots.find("run_2"), undefined);
    }
    await first.remove("run_1");
    assert.deepEqual([first.list(), snapshotFiles(folder)], [[], []]);
  }));

Deno.test("the oldest snapshots are removed, except those about to be resumed", () =>
  withFolder(async (folder) => {
    const snapshots = await RunSnapshots.open(new DiskFolder(folder), 2);
    await snapshots.save(snapshotOf("run_1"), tensors(1));
    assert(snapshots.hold("run_1"));
    assert(!snapshots.hold("run_1"));
    for (const id of ["run_2", "run_3", "run_4"]) await snapshots.save(snapshotOf(id), tensors(1));
    assert.deepEqual(snapshotFiles(folder), ["run_1.safetensors", "run_3.safetensors", "run_4.safetensors"]);
    snapshots.release("run_1");
    await snapshots.save(snapshotOf("run_5"), tensors(1));
    assert.deepEqual(snapshotFiles(folder), ["run_4.safetensors", "run_5.safetensors"]);
  }));

Deno.test("snapshots that another process wrote within the last hour stay, however many newer ones there are", () =>
  withFolder(async (folder) => {
    const other = await RunSnapshots.open(new DiskFolder(folder), 2);
    for (const id of ["other_1", "other_2"]) await other.save(snapshotOf(id), tensors(1));
    const snapshots = await RunSnapshots.open(new DiskFolder(folder), 2);
    const file = (id: string) => join(folder, "checkpoints", `${id}.safetensors`);
    const HOUR = 60 * 60 * 1000;
    await Deno.utime(file("other_1"), new Date(), new Date(Date.now() - HOUR - 10_000));
    await Deno.utime(file("other_2"), new Date(), new Date(Date.now() - HOUR + 60_000));
    for (const id of ["run_1", "run_2", "run_3"]) await snapshots.save(snapshotOf(id), tensors(2));
    assert.deepEqual(snapshotFiles(folder), ["other_2.safetensors", "run_2.safetensors", "run_3.safetensors"]);
    assert.deepEqual(await other.read("other_2"), tensors(1));
    await other.save(snapshotOf("other_3"), tensors(1));
    assert.deepEqual(snapshotFiles(folder), [
      "other_2.safetensors",
      "other_3.safetensors",
      "run_2.safetensors",
      "run_3.safetensors",
    ]);
  }));

Deno.test("an unusable file is kept, with the reason, and does not hide others", () =>
  withFolder(async (folder) => {
    const first = await RunSnapshots.open(new DiskFolder(folder));
    await first.save(snapshotOf("run_1"), tensors(1));
    const dir = join(folder, "checkpoints");
    const whole = Deno.readFileSync(join(dir, "run_1.safetensors"));
    const put = (name: string, bytes: Uint8Array) => Deno.writeFileSync(join(dir, name), bytes);
    put("run_2.safetensors", whole);
    put("run_3.safetensors", whole.subarray(0, 100));
    put("run_4.safetensors", new Uint8Array(0));
    put("run_5.safetensors", new Uint8Array(64).fill(255));
    put("run_6.safetensors", new TextEncoder().encode("\x02\0\0\0\0\0\0\0{}"));
    put("notes.txt", new Uint8Array(0));
    put(".run_9.safetensors.lab-tmp", new Uint8Array(8));
    const snapshots = await RunSnapshots.open(new DiskFolder(folder));
    assert.deepEqual(snapshots.list().map(({ history }) => history.run.id), ["run_1"]);
    const faults: Record<string, RegExp> = {
      run_2: /holds a snapshot of another run, run_1/,
      run_3: /run_3\.safetensors cannot be used: the file is incomplete/,
      run_4: /has 0 bytes/,
      run_5: /not a safetensors file/,
      run_6: /its metadata has no mnist_lab_run/,
    };
    for (const [id, expected] of Object.entries(faults)) {
      const found = snapshots.find(id);
      assert(found !== undefined && "fault" in found);
      assert.match(found.fault, expected);
    }
    assert.equal(snapshotFiles(folder).length, 7, "files left behind by writers are removed, but nothing else");
    put("run_1.safetensors", whole.subarray(0, -4));
    await assert.rejects(snapshots.read("run_1"), refused(/cannot read the snapshot .*run_1.*describes 16 bytes/));
  }));

Deno.test("the error names a folder that cannot be written, and earlier snapshots stay", () =>
  withFolder(async (folder) => {
    const snapshots = await RunSnapshots.open(new DiskFolder(folder));
    await snapshots.save(snapshotOf("run_1"), tensors(1));
    {
      using _full = refuseFile("run_1.safetensors");
      await assert.rejects(snapshots.save(snapshotOf("run_1"), tensors(2)), refused(/cannot keep a snapshot in /));
    }
    assert.deepEqual(await snapshots.read("run_1"), tensors(2), "from memory");
    assert.deepEqual(await (await RunSnapshots.open(new DiskFolder(folder))).read("run_1"), tensors(1));
    await snapshots.save(snapshotOf("run_1"), tensors(3));
    assert.deepEqual(await snapshots.read("run_1"), tensors(3));
  }));

Deno.test("the latest snapshot that cannot be written is kept in memory, unless another one in memory is about to be read", () =>
  withFolder(async (folder) => {
    const snapshots = await RunSnapshots.open(new DiskFolder(folder));
    await Deno.writeTextFile(join(folder, "checkpoints"), "in the way");
    const known = () => snapshots.list().map(({ history }) => history.run.id);
    const fail = (id: string, value: number) =>
      assert.rejects(snapshots.save(snapshotOf(id), tensors(value)), refused(/cannot keep a snapshot in /));
    await fail("run_1", 1);
    await fail("run_2", 2);
    assert.deepEqual(known(), ["run_2"]);
    snapshots.hold("run_2");
    await fail("run_3", 3);
    assert.deepEqual(known(), ["run_2"]);
    assert.deepEqual(await snapshots.read("run_2"), tensors(2));
    await fail("run_3", 3);
    assert.deepEqual(known(), ["run_3"]);
    await snapshots.remove("run_3");
    assert.deepEqual(known(), []);
  }));

Deno.test("the history of a diverged run cannot be resumed, and makes room for snapshots that can", () =>
  withFolder(async (folder) => {
    const snapshots = await RunSnapshots.open(new DiskFolder(folder), 2);
    await snapshots.save(snapshotOf("run_1"), tensors(1));
    await snapshots.save({ ...snapshotOf("diverged_1"), diverged: true }, []);
    await snapshots.save({ ...snapshotOf("diverged_2"), diverged: true }, []);
    await snapshots.save(snapshotOf("run_2"), tensors(2));
    assert.deepEqual(snapshotFiles(folder), ["run_1.safetensors", "run_2.safetensors"]);
    await snapshots.save({ ...snapshotOf("diverged_3"), diverged: true }, []);
    const again = await RunSnapshots.open(new DiskFolder(folder), 2);
    assert.equal(again.canResume("diverged_3"), false);
    assert.equal(again.canResume("run_2"), true);
    again.hold("run_2");
    assert.equal(again.canResume("run_2"), false);
  }));
