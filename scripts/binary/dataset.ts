import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { DATASET_FILES } from "../../core/mnist/idx.ts";
import { rawFolder } from "../../service/dataset/raw_file.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";

/** Takes a quarter of a minute once; 47 MB become 11. */
const LEVEL = 9;

/** Writes the dataset of `dataDir` to `dist/dataset`, gzipped, unless it lies there already. */
export async function embedDataset(dataDir: string): Promise<void> {
  const from = rawFolder(dataDir), to = rawFolder(join(PROJECT_DIR, "dist", "dataset"));
  await Deno.mkdir(to, { recursive: true });
  await Promise.all(
    Object.values(DATASET_FILES).flatMap(({ images, labels }) => [images, labels]).map(async (name) => {
      const target = join(to, `${name}.gz`);
      const written = await Deno.stat(target).catch(() => undefined);
      const source = await Deno.stat(join(from, name));
      if (written !== undefined && written.mtime! > source.mtime!) return;
      const bytes = await promisify(gzip)(await Deno.readFile(join(from, name)), { level: LEVEL });
      await Deno.writeFile(`${target}.tmp`, bytes);
      await Deno.rename(`${target}.tmp`, target);
    }),
  );
}
