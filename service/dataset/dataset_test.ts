import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { StartupError } from "../process/settings.ts";
import { checkDataset, readDataset } from "./dataset.ts";

const TRAIN_IMAGES = "train-images-idx3-ubyte";
const TRAIN_LABELS = "train-labels-idx1-ubyte";
const TEST_IMAGES = "t10k-images-idx3-ubyte";
const TEST_LABELS = "t10k-labels-idx1-ubyte";

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, i) => new DataView(bytes.buffer).setUint32(4 * i, value));
  return bytes;
}

function imagesFile(count: number): Uint8Array {
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7) % 256);
  return Uint8Array.from([...words(0x803, count, 28, 28), ...pixels]);
}

function labelsFile(count: number): Uint8Array {
  return Uint8Array.from([...words(0x801, count), ...Array.from({ length: count }, (_, i) => i % 10)]);
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Runs `test` on a folder with 12 training and 3 test digits; some files may be replaced or, if undefined, left out.
 */
async function withDataset(
  files: Record<string, Uint8Array | undefined>,
  test: (dataDir: string) => Promise<void>,
) {
  const dataDir = await Deno.makeTempDir();
  const all: Record<string, Uint8Array | undefined> = {
    [TRAIN_IMAGES]: imagesFile(12),
    [TRAIN_LABELS]: labelsFile(12),
    [TEST_IMAGES]: imagesFile(3),
    [TEST_LABELS]: labelsFile(3),
    ...files,
  };
  try {
    for (const [name, bytes] of Object.entries(all)) {
      const path = join(dataDir, "MNIST", "raw", name);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (bytes !== undefined) await Deno.writeFile(path, bytes);
    }
    await test(dataDir);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function refused(read: Promise<unknown>, ...patterns: RegExp[]) {
  await assert.rejects(read, (error) => {
    assert(error instanceof StartupError);
    for (const pattern of [/deno task fetch-data/, /^[^\n]*$/, ...patterns]) assert.match(error.message, pattern);
    return true;
  });
}

Deno.test("plain files with any number of digits are read", () =>
  withDataset({}, async (dataDir) => {
    assert.deepEqual(await checkDataset(dataDir), { train: 12, test: 3 });
    const { train, test } = await readDataset(dataDir);
    assert.equal(train.count, 12);
    assert.deepEqual(train.images, imagesFile(12).subarray(16));
    assert.deepEqual([...train.labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    assert.equal(test.count, 3);
    assert.deepEqual([...test.labels], [0, 1, 2]);
  }));

Deno.test("a gzipped file is read only if there is no plain file", async () => {
  const files = {
    [TRAIN_IMAGES]: undefined,
    [`${TRAIN_IMAGES}.gz`]: await gzip(imagesFile(12)),
    [`${TEST_LABELS}.gz`]: Uint8Array.of(1, 2, 3),
  };
  await withDataset(files, async (dataDir) => {
    assert.deepEqual(await checkDataset(dataDir), { train: 12, test: 3 });
    assert.deepEqual((await readDataset(dataDir)).train.images, imagesFile(12).subarray(16));
  });
});

Deno.test("a missing file is named with its folder and what to do", () =>
  withDataset({ [TEST_LABELS]: undefined }, async (dataDir) => {
    const folder = new RegExp(`t10k-labels-idx1-ubyte.* in .*MNIST.raw`);
    await refused(checkDataset(dataDir), folder);
    await refused(readDataset(dataDir), folder);
  }));

Deno.test("a malformed file is refused with its path, the offset and what was expected", async () => {
  await withDataset({ [TRAIN_IMAGES]: imagesFile(12).subarray(0, -5) }, async (dataDir) => {
    const problem = /train-images-idx3-ubyte: at byte 9419: expected 5 more bytes for 12 images/;
    await refused(checkDataset(dataDir), problem);
    await refused(readDataset(dataDir), problem);
  });
  await withDataset({ [TEST_LABELS]: labelsFile(4) }, async (dataDir) => {
    await refused(checkDataset(dataDir), /t10k-labels-idx1-ubyte: at byte 4: expected 3 labels, as many as .*found 4/);
  });
});

Deno.test("a gzipped file is inflated no further than its header declares", async () => {
  const files = { [TEST_LABELS]: undefined, [`${TEST_LABELS}.gz`]: await gzip(new Uint8Array([...labelsFile(3), 1])) };
  await withDataset(files, async (dataDir) => {
    await refused(readDataset(dataDir), /ubyte\.gz: at byte 11: expected the end of the file after 3 labels/);
  });
});

Deno.test("a header that would take all memory is refused", () =>
  withDataset({ [TRAIN_IMAGES]: words(0x803, 0xffffffff, 28, 28) }, async (dataDir) => {
    await refused(readDataset(dataDir), /at byte 4: expected at most 1000000 images, found 4294967295/);
  }));

Deno.test("a damaged gzip file is refused, and the error names it", async () => {
  const whole = await gzip(imagesFile(12));
  for (const damaged of [Uint8Array.of(1, 2, 3), whole.subarray(0, whole.length - 30)]) {
    const files = { [TRAIN_IMAGES]: undefined, [`${TRAIN_IMAGES}.gz`]: damaged };
    await withDataset(files, (dataDir) => refused(readDataset(dataDir), /ubyte\.gz is not a whole gzip file \(/));
  }
});

Deno.test({
  name: "a FIFO or a device in place of a file is refused at once",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withDataset({ [TRAIN_IMAGES]: undefined, [TEST_LABELS]: undefined }, async (dataDir) => {
      const raw = join(dataDir, "MNIST", "raw");
      assert((await new Deno.Command("mkfifo", { args: [join(raw, TRAIN_IMAGES)] }).output()).success);
      await refused(checkDataset(dataDir), /train-images-idx3-ubyte cannot be read \(it is not a regular file\)/);
      await Deno.remove(join(raw, TRAIN_IMAGES));
      await Deno.writeFile(join(raw, TRAIN_IMAGES), imagesFile(12));
      await Deno.symlink("/dev/zero", join(raw, TEST_LABELS));
      await refused(readDataset(dataDir), /t10k-labels-idx1-ubyte cannot be read \(it is not a regular file\)/);
    }),
});
