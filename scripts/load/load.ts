/**
 * A class at work, as figures: onlookers follow one ConvNN run while others draw, against both services as processes.
 *
 * Usage: deno run -A scripts/load/load.ts [--minutes 5] [--onlookers 200] [--drawers 32]; exits 1 when a bound is broken
 */
import { parseArgs } from "node:util";
import { measureLoad, problemsOf, reportLines } from "./measure.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    onlookers: { type: "string", default: "200" },
    drawers: { type: "string", default: "32" },
  },
});
const report = await measureLoad({
  seconds: 60 * Number(values.minutes),
  onlookers: Number(values.onlookers),
  drawers: Number(values.drawers),
});
for (const line of reportLines(report)) console.log(line);
const problems = problemsOf(report);
for (const problem of problems) console.error(problem);
Deno.exit(problems.length === 0 ? 0 : 1);
