/**
 * Part of the gate: checks import rules, cycles, file lengths and other rules that no compiler checks. Exits 1 on a
 * violation.
 */
import { readSources } from "./lib/source_files.ts";
import { violations } from "./lib/source_rules.ts";

const found = violations(await readSources());
for (const { path, line, rule } of found) console.error(`${path}:${line}: ${rule}`);
if (found.length > 0) Deno.exit(1);
