/** Tests irregular files and links in a folder on disk. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FileError } from "../../lab/host.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { DiskFolder } from "./disk_folder.ts";
import { DiskLock } from "./disk_lock.ts";

const BYTES = new TextEncoder().encode("the lab's");
const refused = (pattern: RegExp) => (error: unknown) => error instanceof FileError && pattern.test(error.message);

/** Runs `test` with a folder, and a file `outside` of it that must not change. */
async function withFolder(test: (path: string, outside: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "disk_folder_" });
  const path = join(dir, "folder"), outside = join(dir, "outside");
  await Deno.mkdir(path);
  await Deno.writeTextFile(outside, "somebody else's");
  try {
    await test(path, outside);
    assert.equal(await Deno.readTextFile(outside), "somebody else's");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function makeFifo(path: string) {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert(success);
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "a FIFO or a folder in place of a file is refused at once",
  ignore,
  fn: () =>
    withFolder(async (path) => {
      const folder = new DiskFolder(path);
      await makeFifo(join(path, "fifo"));
      await Deno.mkdir(join(path, "dir"));
      for (const name of ["fifo", "dir"]) {
        const refusal = refused(/^it is not a regular file$/);
        await assert.rejects(inTime(folder.read(name, 100), `a read of ${name}`, 1000), refusal);
        await assert.rejects(inTime(folder.open(name), `an open of ${name}`, 1000), refusal);
        assert.throws(() => folder.state(name), refusal);
      }
      await folder.replace("fifo", BYTES);
      assert.deepEqual(await folder.read("fifo", 100), BYTES, "replaced, not written to");
    }),
});

Deno.test({
  name: "a link to a file in the folder is followed, and one that leads outside is refused",
  ignore,
  fn: () =>
    withFolder(async (path, outside) => {
      const folder = new DiskFolder(path);
      await folder.replace("real", BYTES);
      await Deno.symlink("real", join(path, "inner"));
      assert.deepEqual(await folder.read("inner", 100), BYTES);
      await Deno.symlink(outside, join(path, "outer"));
      await Deno.symlink("/dev/zero", join(path, "device"));
      for (const name of ["outer", "device"]) {
        const refusal = refused(/^it is a link that leads out of its folder$/);
        await assert.rejects(inTime(folder.read(name, 100), `a read of ${name}`, 1000), refusal);
        assert.throws(() => folder.state(name), refusal);
      }
      await folder.replace("outer", BYTES);
      await folder.remove("device");
      assert.deepEqual([...Deno.readDirSync(path)].filter((entry) => entry.isSymlink).map(({ name }) => name), [
        "inner",
      ]);
    }),
});

Deno.test({
  name: "links planted under the names of temporary files, notes and the lock are not written through",
  ignore,
  fn: () =>
    withFolder(async (path, outside) => {
      const folder = new DiskFolder(path);
      const planted = [".model.pth.lab-tmp", ".model.pth.lab-removed", ".lock"];
      for (const name of planted) await Deno.symlink(outside, join(path, name));
      await folder.replace("model.pth", BYTES);
      await folder.touch(".model.pth.lab-removed");
      assert((await Deno.lstat(join(path, ".model.pth.lab-removed"))).isFile);
      await assert.rejects(
        folder.lock.run((memory) => memory.write("mine")),
        refused(/^its lock, \.lock: it is a link that leads out of its folder$/),
      );
      await assert.rejects(folder.lock.check(), refused(/its lock, \.lock/));
      await folder.removeLeftovers();
      assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name).sort(), [
        ".lock",
        ".model.pth.lab-removed",
        "model.pth",
      ]);
    }),
});

Deno.test({
  name: "a subfolder that is a link is refused, but the folder itself may be a link",
  ignore,
  fn: () =>
    withFolder(async (path) => {
      const aside = `${path}-aside`;
      await Deno.mkdir(aside);
      await Deno.symlink(aside, join(path, "history"));
      const folder = new DiskFolder(path).subfolder("history");
      const refusal = refused(/is a link; put a folder in its place$/);
      await assert.rejects(folder.replace("x.json", BYTES), refusal);
      await assert.rejects(folder.read("x.json", 100), refusal);
      await assert.rejects(folder.lock.run(() => Promise.resolve()), refusal);
      assert.deepEqual([...Deno.readDirSync(aside)], []);
      await Deno.symlink(path, `${path}-link`);
      await new DiskFolder(`${path}-link`).replace("model.pth", BYTES);
      assert.deepEqual(await new DiskFolder(path).read("model.pth", 100), BYTES);
    }),
});

Deno.test("a file that is far too large for its kind is refused before it takes memory", () =>
  withFolder(async (path) => {
    const folder = new DiskFolder(path);
    await folder.replace("sparse", BYTES);
    await Deno.truncate(join(path, "sparse"), 1_500_000_000);
    const before = Deno.memoryUsage().rss;
    await assert.rejects(
      folder.read("sparse", 2 ** 20),
      refused(/^it has 1,431 MiB, and no file of its kind has more than 1 MiB$/),
    );
    assert(Deno.memoryUsage().rss - before < 50 * 2 ** 20);
  }));

Deno.test({
  name: "a file that another process keeps swapping for a FIFO does not block anyone",
  ignore,
  fn: () =>
    withFolder(async (path) => {
      const ms = Deno.env.get("LAB_LONG") ? 20_000 : 1500;
      await makeFifo(join(path, "fifo"));
      await Deno.writeFile(join(path, "regular"), BYTES);
      await Deno.copyFile(join(path, "regular"), join(path, "model.pth"));
      const script = `const end = Date.now() + ${ms + 5000};
        for (let n = 0; Date.now() < end; n++) {
          Deno.linkSync(n % 2 ? "fifo" : "regular", "new");
          Deno.renameSync("new", "model.pth");
          if (n === 0) console.log("swapping");
        }`;
      const swapper = new Deno.Command(Deno.execPath(), { args: ["eval", script], cwd: path, stdout: "piped" }).spawn();
      const reader = swapper.stdout.getReader();
      await inTime(reader.read(), "the swapping to begin", 10_000);
      const folder = new DiskFolder(path), counts = { read: 0, refused: 0 };
      const readOn = async () => {
        for (const end = performance.now() + ms; performance.now() < end;) {
          await inTime(
            folder.read("model.pth", 100).then(() => counts.read++, () => counts.refused++),
            "a read",
            1000,
          );
        }
      };
      try {
        await Promise.all([1, 2, 3, 4].map(readOn));
      } finally {
        swapper.kill("SIGKILL");
        await swapper.status;
        await reader.cancel();
      }
      assert(counts.read > 0 && counts.refused > 0, JSON.stringify(counts));
    }),
});

Deno.test("waiting for a lock that another process holds ends after a while", () =>
  withFolder(async (path) => {
    const file = () => join(path, ".lock");
    const lock = new DiskLock(file, { patienceMs: 300 });
    const release = await new DiskLock(file).hold();
    const began = performance.now();
    const waits = [1, 2, 3].map(() => lock.run(() => Promise.resolve()));
    const given = new AbortController();
    const left = lock.run(() => Promise.resolve(), given.signal);
    given.abort(new Error("given up"));
    for (const wait of waits) {
      await assert.rejects(wait, refused(/another program has held the lock .* end that program/));
    }
    await assert.rejects(left, /given up/);
    const waited = performance.now() - began;
    assert(waited > 290 && waited < 1500, `${waited} ms`);
    await assert.rejects(lock.check(), refused(/another program has held the lock/));
    release();
    assert.equal(await lock.check(), undefined);
    assert.equal(
      await lock.run(() => Promise.resolve("mine")),
      "mine",
    );
  }));
