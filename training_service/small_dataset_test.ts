/** Tests a teacher's own set of digits, far smaller than MNIST: steps, counts and means must be those of this set. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Hono } from "hono";
import { DATASET_FILES, type DigitSet } from "../core/mnist/idx.ts";
import { firstDigits, mnist } from "../core/testing/mnist.ts";
import { addDatasetRoutes } from "../service/http/dataset_routes.ts";
import { withOpenLab } from "./testing/open_lab.ts";
import { foldersOf, withFolder } from "./testing/process.ts";

const TRAIN = 100, TEST = 30, BATCH = 64;

async function writeDigits(
  dir: string,
  names: { images: string; labels: string },
  { count, images, labels }: DigitSet,
) {
  const head = (...words: number[]) => new Uint8Array(Uint32Array.from(words, (word) => swapped(word)).buffer);
  await Deno.writeFile(join(dir, names.images), Uint8Array.from([...head(0x803, count, 28, 28), ...images]));
  await Deno.writeFile(join(dir, names.labels), Uint8Array.from([...head(0x801, count), ...labels]));
}

/** IDX is big-endian. */
function swapped(word: number): number {
  return new DataView(Uint32Array.of(word).buffer).getUint32(0, false);
}

Deno.test("with a small dataset, the steps, counts and mean loss are those of its pictures", () =>
  withFolder(async (dir) => {
    const { dataDir } = foldersOf(dir), raw = join(dataDir, "MNIST", "raw");
    await writeDigits(raw, DATASET_FILES.train, firstDigits(mnist().train, TRAIN));
    await writeDigits(raw, DATASET_FILES.test, firstDigits(mnist().test, TEST));
    const classes = Array.from({ length: 10 }, (_, digit) => `${digit}`);
    const datasets = [{ name: "MNIST", classes, train: TRAIN, test: TEST, kind: "folder" }];
    await withOpenLab(dir, async ({ train, get }) => {
      assert.deepEqual((await get("/api/datasets")).body, datasets);
      const client = await train({
        model_type: "SimpleNN",
        optimizer: "SGD",
        learning_rate: 0.1,
        num_epochs: 1,
        batch_size: BATCH,
        hidden_layers_config: [8],
      });
      assert.equal((await client.next("accepted")).total_steps, 2);
      await client.next("result", () => true, 20_000);
      const [full, short] = client.of("loss").map(({ loss }) => loss!);
      const { mean_loss, accuracy } = client.of("log").find(({ epoch }) => epoch === 1)!;
      const expected = (BATCH * full + (TRAIN - BATCH) * short) / TRAIN;
      assert.ok(Math.abs(mean_loss! - expected) < 1e-5, `${mean_loss} instead of ${expected}`);
      assert.ok(Number.isInteger(Math.round(1e6 * accuracy! * TEST / 100) / 1e6), `${accuracy} % of ${TEST}`);
    });
    // Both services have this route.
    const app = new Hono();
    addDatasetRoutes(app, dataDir);
    const ask = async () => await (await app.request("http://localhost/api/datasets")).json();
    assert.deepEqual(await ask(), datasets);
    await Deno.remove(join(raw, DATASET_FILES.test.labels));
    assert.deepEqual(await ask(), [], "a dataset that cannot be read is not listed");
  }));
