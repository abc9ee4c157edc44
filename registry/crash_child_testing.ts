/**
 * A writer to be killed: stores small models in `folder`, every second one in place of the last, and says so on stdout.
 * `crash_child_testing.ts <folder> <count> <seed of the weights>`; a count of 0 goes on for ever.
 */
import { Registry } from "./mod.ts";
import { testModel, testWeights } from "./registry_testing.ts";

const [folder, count, first] = Deno.args;
const registry = await Registry.open(folder, { write: true });
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

for (let n = 0, last: string | undefined; n < Number(count) || count === "0"; n++) {
  const replaces = n % 2 === 1 ? last : undefined;
  const seed = Number(first) + n;
  if (replaces !== undefined) say(`replacing ${replaces}`);
  const record = await registry.store({ ...testModel, seed }, testWeights(seed), { replaces });
  say(`stored ${record.id}`);
  last = record.id;
}
