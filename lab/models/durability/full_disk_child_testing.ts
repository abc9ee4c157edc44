/**
 * A writer whose disk fills up: it stores models in `folder` until that fails. With a filler, a file that takes up the
 * rest of the disk, it then tries to replace a model, removes two, and stores again once the filler is gone. It prints,
 * as a line of JSON, which models were acknowledged and why others were not.
 *
 * `full_disk_child_testing.ts <folder> [<filler>]`
 */
import { modelKey, testModel, testWeights } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const [folder, filler] = Deno.args;
const registry = await openRegistry(folder, { write: true });
const stored = new Set<string>();
const refusals: string[] = [];
let seed = 0;

while (await store());
const left = await registry.list();
if (filler) {
  fillDisk(filler);
  await store(left[0].id);
  for (const record of left.slice(-2)) if (await registry.remove(record.id)) stored.delete(modelKey(record));
  Deno.removeSync(filler);
  await store();
}
console.log(JSON.stringify({ stored: [...stored], refusals }));

async function store(replaces?: string): Promise<boolean> {
  seed++;
  try {
    stored.add(modelKey(await registry.store({ ...testModel, seed }, testWeights(seed), { replaces })));
    return true;
  } catch (error) {
    refusals.push(error instanceof Error ? `${error.name}: ${error.message}` : `${error}`);
    return false;
  }
}

function fillDisk(path: string) {
  using file = Deno.openSync(path, { write: true, create: true });
  try {
    while (file.writeSync(new Uint8Array(4096)) > 0);
  } catch {
    // Now the disk is full.
  }
}
