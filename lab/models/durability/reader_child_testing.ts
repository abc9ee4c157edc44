/**
 * Acts as a predictor's process: lists the models of `folder` and reads each, repeatedly, until stdin ends. It exits
 * with 1 and a reason unless all lists and files are complete. A model may be removed before it is read, but then the
 * list must not contain it either.
 */
import { join } from "node:path";
import { RegistryError } from "../mod.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const [folder] = Deno.args;
const registry = await openRegistry(folder);
let ended = false;
const end = new Response(Deno.stdin.readable).text().then(() => ended = true);
const seen = { lists: 0, files: 0, gone: 0 };

while (!ended) {
  readAsOthersDo();
  for (const record of await registry.list()) {
    try {
      for (const { name, data } of await registry.readWeights(record)) {
        if (data.some((value) => value !== record.seed)) fail(`${record.id}: ${name} is not of seed ${record.seed}`);
      }
      seen.files++;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (await registry.get(record.id) !== undefined) fail(`${record.id} is listed, but: ${error.message}`);
      seen.gone++;
    }
  }
  seen.lists++;
}
await end;
console.log(JSON.stringify(seen));

/** Parses the file without the registry, as other programs do: the list must be complete. */
function readAsOthersDo() {
  try {
    JSON.parse(Deno.readTextFileSync(join(folder, "models_metadata.json")));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) fail(`the metadata: ${error}`);
  }
}

function fail(what: string): never {
  console.error(what);
  Deno.exit(1);
}
