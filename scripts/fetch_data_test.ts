import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { StartupError } from "../service/process/settings.ts";
import { readDataset } from "../service/dataset/dataset.ts";
import { fetchData } from "./fetch_data.ts";

async function withFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name)).sort();
}

/** An IDX set of `count` 28×28 pictures that is not MNIST, written under MNIST's names. */
async function writeForeignSet(raw: string, count: number) {
  await Deno.mkdir(raw, { recursive: true });
  for (const part of ["train", "t10k"]) {
    const images = new Uint8Array(16 + 784 * count).fill(99, 16);
    images.set([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]);
    await Deno.writeFile(join(raw, `${part}-images-idx3-ubyte`), images);
    const labels = new Uint8Array(8 + count);
    labels.set([0, 0, 8, 1, 0, 0, 0, count]);
    await Deno.writeFile(join(raw, `${part}-labels-idx1-ubyte`), labels);
  }
}

Deno.test("an empty folder gets the 60,000 + 10,000 digits, and a second run leaves them alone", () =>
  withFolder(async (dataDir) => {
    const lines: string[] = [];
    await fetchData(dataDir, (line) => lines.push(line));
    assert.equal(lines.length, 5);
    assert.equal(lines[0], "Fetching train-images-idx3-ubyte (47.0 MB)");
    const raw = join(dataDir, "MNIST", "raw");
    assert.equal((await names(raw)).length, 4);
    const { train, test } = await readDataset(dataDir);
    assert.deepEqual([train.count, test.count], [60_000, 10_000]);
    assert.deepEqual([...train.labels.subarray(0, 5)], [5, 0, 4, 1, 9]);

    const before = await Deno.stat(join(raw, "train-images-idx3-ubyte"));
    const second: string[] = [];
    await fetchData(dataDir, (line) => second.push(line));
    assert.deepEqual(second, [`Dataset ready: 60000 training and 10000 test digits in ${raw}`]);
    assert.deepEqual((await Deno.stat(join(raw, "train-images-idx3-ubyte"))).mtime, before.mtime);
  }));

Deno.test("a dataset that the user put there is kept", () =>
  withFolder(async (dataDir) => {
    const raw = join(dataDir, "MNIST", "raw");
    await writeForeignSet(raw, 5);
    const lines: string[] = [];
    await fetchData(dataDir, (line) => lines.push(line));
    assert.deepEqual(lines, [`Dataset ready: 5 training and 5 test digits in ${raw}`]);
  }));

Deno.test("an incomplete set that is not MNIST is not completed with MNIST's files", () =>
  withFolder(async (dataDir) => {
    const raw = join(dataDir, "MNIST", "raw");
    await writeForeignSet(raw, 5);
    await Deno.remove(join(raw, "train-labels-idx1-ubyte"));
    await assert.rejects(
      fetchData(dataDir, () => {}),
      /train-images-idx3-ubyte is not the original from MNIST, so train-labels-idx1-ubyte, which is missing,/,
    );
    assert.equal((await names(raw)).length, 3);
  }));

Deno.test("a folder that cannot be created is named, with the setting to change it", () =>
  withFolder(async (folder) => {
    const raw = join(folder, "data", "MNIST", "raw");
    await Deno.mkdir(dirname(raw), { recursive: true });
    await Deno.symlink(join(folder, "nowhere"), raw);
    await assert.rejects(fetchData(join(folder, "data"), () => {}), (error) => {
      assert(error instanceof StartupError);
      assert.match(error.message, /^The folder .*raw cannot be created \(.+\): set DATA_DIR to another one$/);
      return true;
    });
  }));

Deno.test("a file with a wrong checksum is refused, and nothing of it stays", () =>
  withFolder(async (folder) => {
    const source = join(folder, "source");
    const dataDir = join(folder, "data");
    await writeForeignSet(source, 5);
    await assert.rejects(fetchData(dataDir, () => {}, source), (error) => {
      assert(error instanceof StartupError);
      assert.match(error.message, /train-images-idx3-ubyte is not the original: its SHA-256 is [0-9a-f]{64}, expected/);
      return true;
    });
    assert.deepEqual(await names(join(dataDir, "MNIST", "raw")), []);
  }));
