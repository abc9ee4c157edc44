/**
 * A writer that fills its disk: stores models in `folder` until that fails, then overwrites one, which fails too, then removes
 * one and stores again. Says on stdout, as a line of JSON, which models it was told are stored, and the errors' messages.
 */
import { Registry } from "./mod.ts";
import { testModel, testWeights } from "./registry_testing.ts";

const [folder] = Deno.args;
const registry = await Registry.open(folder, { write: true });
const stored = new Map<string, number>();
const refusals: string[] = [];

async function store(seed: number, replaces?: string): Promise<boolean> {
  try {
    const { id } = await registry.store({ ...testModel, seed, hidden_layers_config: [4] }, testWeights(seed), {
      replaces,
    });
    if (replaces !== undefined) stored.delete(replaces);
    stored.set(id, seed);
    return true;
  } catch (error) {
    refusals.push((error as Error).message);
    return false;
  }
}

let seed = 1;
while (await store(seed)) seed++;
const [first, second] = stored.keys();
await store(seed++, first);
const removed = await registry.remove(second);
if (removed) stored.delete(second);
const storedAgain = await store(seed++);
console.log(JSON.stringify({ stored: [...stored], refusals, removed, storedAgain }));
