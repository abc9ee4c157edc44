import { decode } from "fast-png";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DigitSet } from "../../core/mnist/idx.ts";
import { readSettings } from "../process/settings.ts";
import { createServiceApp } from "./app.ts";
import { addDigitRoutes, TestDigits } from "./dataset_routes.ts";

/** 40 digits, four of each label, each filled with a different grey. */
const DIGITS: DigitSet = {
  count: 40,
  images: Uint8Array.from({ length: 40 * 784 }, (_, i) => Math.floor(i / 784) * 5 + i % 2),
  labels: Uint8Array.from({ length: 40 }, (_, i) => i % 10),
};

function createApp(digits: Pick<TestDigits, "read"> = { read: () => Promise.resolve(DIGITS) }) {
  const app = createServiceApp(readSettings(() => undefined), "training");
  addDigitRoutes(app, digits);
  return (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://localhost/api/digits${path}`, { headers });
}

async function drawn(path: string): Promise<{ index: number; label: number }[]> {
  return (await (await createApp()(path)).json()).digits;
}

Deno.test("the same seed draws the same digits, each once, with their labels", async () => {
  const digits = await drawn("?count=30&seed=5");
  assert.deepEqual(digits, await drawn("?count=30&seed=5"));
  assert.notDeepEqual(digits, await drawn("?count=30&seed=6"));
  assert.equal(new Set(digits.map(({ index }) => index)).size, 30);
  for (const { index, label } of digits) assert.equal(label, DIGITS.labels[index]);
});

Deno.test("without a seed, each request draws different digits", async () => {
  assert.notDeepEqual(await drawn("?count=40"), await drawn("?count=40"));
});

Deno.test("null in the query means that the field was left out", async () => {
  assert.deepEqual(await drawn("?count=5&seed=5&label=null"), await drawn("?count=5&seed=5"));
  assert.equal((await drawn("?count=null&seed=None")).length, 12);
});

Deno.test("a label draws digits of that label, as many as there are", async () => {
  const digits = await drawn("?label=3&count=12&seed=1");
  assert.deepEqual(digits.map(({ index }) => index).sort((a, b) => a - b), [3, 13, 23, 33]);
});

Deno.test("a digit's picture is the dataset's 28×28 pixels", async () => {
  const response = await createApp()("/7.png");
  assert.equal(response.headers.get("content-type"), "image/png");
  const { width, height, channels, data } = decode(await response.bytes());
  assert.deepEqual([width, height, channels], [28, 28, 1]);
  assert.deepEqual(Uint8Array.from(data), DIGITS.images.subarray(7 * 784, 8 * 784));
});

Deno.test("a browser may keep a picture, and later asks whether it has changed", async () => {
  const get = createApp();
  const { headers } = await get("/7.png");
  assert.match(headers.get("cache-control")!, /max-age=\d+/);
  const again = await get("/7.png", { "if-none-match": headers.get("etag")! });
  assert.deepEqual([again.status, await again.text()], [304, ""]);
  assert.equal((await get("/8.png", { "if-none-match": headers.get("etag")! })).status, 200);
});

Deno.test("a bad request for digits is refused with a message", async () => {
  const get = createApp();
  const errorOf = async (path: string) => {
    const response = await get(path);
    return [response.status, (await response.json()).error];
  };
  assert.deepEqual(await errorOf("/40.png"), [404, "There is no test digit 40: they are numbered from 0 to 39."]);
  for (const path of ["/-1.png", "/x.png", "/7", "/1e3.png", "/..%2f7.png"]) {
    assert.deepEqual(await errorOf(path), [400, "A digit is asked for by its number, as /api/digits/0.png."], path);
  }
  assert.deepEqual(await errorOf("?label=10"), [400, "label must be a whole number from 0 to 9, got 10"]);
  assert.deepEqual(await errorOf("?count=0"), [400, "count must be a whole number from 1 to 100, got 0"]);
  assert.deepEqual(await errorOf("?seed=-1"), [400, 'seed must be a whole number from 0 to 4294967295, got "-1"']);
});

Deno.test("a lab without a dataset says so without paths, and finds one that is added later", async () => {
  const dataDir = await Deno.makeTempDir();
  const complain = console.error, complaints: string[] = [];
  console.error = (line) => complaints.push(line);
  try {
    const get = createApp(new TestDigits(dataDir));
    for (const path of ["?count=1", "/0.png"]) {
      const response = await get(path);
      assert.equal(response.status, 404);
      const { error } = await response.json();
      assert.match(error, /deno task fetch-data/);
      assert(!error.includes(dataDir));
    }
    assert.equal(complaints.length, 1, "the log reports it once");
    assert.match(complaints[0], /t10k-images-idx3-ubyte/);

    const raw = join(dataDir, "MNIST", "raw");
    await Deno.mkdir(raw, { recursive: true });
    const words = (...values: number[]) => values.flatMap((value) => [0, 0, value >> 8, value & 255]);
    await Deno.writeFile(
      join(raw, "t10k-images-idx3-ubyte"),
      Uint8Array.from([...words(0x803, 2, 28, 28), ...DIGITS.images.subarray(0, 2 * 784)]),
    );
    await Deno.writeFile(join(raw, "t10k-labels-idx1-ubyte"), Uint8Array.from([...words(0x801, 2), 4, 2]));
    assert.deepEqual((await (await get("?label=2")).json()).digits, [{ index: 1, label: 2 }]);
  } finally {
    console.error = complain;
    await Deno.remove(dataDir, { recursive: true });
  }
});
