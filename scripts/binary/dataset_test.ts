import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { rawFolder } from "../../service/dataset/dataset.ts";
import { StartupError } from "../../service/process/settings.ts";
import { embedDataset } from "./contents.ts";

const NAMES = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
  .map((name) => `${name}-ubyte`);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Calls `body` with a folder of four files that contain their own names, and a folder to embed them into. */
async function withFolders(body: (dataDir: string, target: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "embed_dataset_" });
  const dataDir = join(folder, "data");
  try {
    await Deno.mkdir(rawFolder(dataDir), { recursive: true });
    for (const name of NAMES) await Deno.writeFile(join(rawFolder(dataDir), name), bytesOf(name));
    await body(dataDir, join(folder, "dataset"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function embedded(target: string, name: string): string {
  return new TextDecoder().decode(gunzipSync(Deno.readFileSync(join(rawFolder(target), `${name}.gz`))));
}

Deno.test("the embedded files hold what the folder holds, even if a file was replaced by one with an older date", () =>
  withFolders(async (dataDir, target) => {
    await embedDataset(dataDir, target);
    for (const name of NAMES) assert.equal(embedded(target, name), name);

    const changed = join(rawFolder(dataDir), NAMES[1]), kept = join(rawFolder(target), `${NAMES[0]}.gz`);
    await Deno.writeFile(changed, bytesOf("others"));
    for (const path of [changed, kept]) await Deno.utime(path, new Date(1000), new Date(1000));
    await embedDataset(dataDir, target);
    assert.equal(embedded(target, NAMES[1]), "others");
    assert.equal((await Deno.stat(kept)).mtime!.getTime(), 1000, "unchanged files are not compressed again");
  }));

Deno.test("a damaged embedded file is written again", () =>
  withFolders(async (dataDir, target) => {
    await embedDataset(dataDir, target);
    await Deno.truncate(join(rawFolder(target), `${NAMES[2]}.gz`), 12);
    await embedDataset(dataDir, target);
    assert.equal(embedded(target, NAMES[2]), NAMES[2]);
  }));

Deno.test("a folder of gzipped files is embedded too, and a missing file is named", () =>
  withFolders(async (dataDir, target) => {
    for (const name of NAMES) {
      await Deno.remove(join(rawFolder(dataDir), name));
      await Deno.writeFile(join(rawFolder(dataDir), `${name}.gz`), gzipSync(bytesOf(name)));
    }
    await embedDataset(dataDir, target);
    for (const name of NAMES) assert.equal(embedded(target, name), name);

    await Deno.remove(join(rawFolder(dataDir), `${NAMES[3]}.gz`));
    await assert.rejects(embedDataset(dataDir, target), (error) => {
      assert(error instanceof StartupError);
      assert.match(error.message, /t10k-labels-idx1-ubyte is not in .*deno task fetch-data/);
      return true;
    });
  }));
