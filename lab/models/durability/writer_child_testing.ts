/**
 * Acts as a trainer's process, which tests watch or kill: it stores, replaces and removes small models in `folder`. It
 * prints what it is about to do (`storing`, `replacing <key>`, `removing <key>`) and, once the registry has returned,
 * what it has done (`stored <key>`, `replaced <key>`, `removed`).
 *
 * `writer_child_testing.ts <folder> <owner> <steps> <first step>`; it touches only its owner's models, and 0 steps
 * never end. Given a fifth argument, it also stores a model that all writers replace (`shared <key>`).
 */
import { modelKey, testModel, testWeights } from "../registry_testing.ts";
import { openRegistry } from "../../../service/files/open_registry.ts";

const MOST_MODELS = 6, FEWEST_MODELS = 2;

const [folder, owner, steps, first, shares] = Deno.args;
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const registry = await openRegistry(folder, { write: true });
const owned = (await registry.list()).filter((record) => record.owner === owner).reverse();
const actions = [store, replace, remove];

for (let n = 0; n < Number(steps) || steps === "0"; n++) {
  const step = Number(first) + n;
  const action = owned.length < FEWEST_MODELS ? store : owned.length > MOST_MODELS ? remove : actions[step % 3];
  await action(step);
  if (shares) await share(step);
}

async function store(seed: number) {
  say("storing");
  const record = await registry.store({ ...testModel, owner, seed }, testWeights(seed));
  owned.push(record);
  say(`stored ${modelKey(record)}`);
}

async function replace(seed: number) {
  const old = owned.shift()!;
  say(`replacing ${modelKey(old)}`);
  const record = await registry.store({ ...testModel, owner, seed }, testWeights(seed), { replaces: old.id });
  owned.push(record);
  say(`replaced ${modelKey(record)}`);
}

async function remove() {
  const record = owned.shift()!;
  say(`removing ${modelKey(record)}`);
  if (!await registry.remove(record.id)) throw new Error(`${record.id} was not there to be removed`);
  say("removed");
}

async function share(seed: number) {
  const model = { ...testModel, batch_size: 7, owner: "all", seed };
  say(`shared ${modelKey(await registry.store(model, testWeights(seed), { onDuplicate: "replace" }))}`);
}
