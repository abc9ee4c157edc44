/**
 * Tests the load of a class. Only the long run has the full load and the time limits, which need cores of their own.
 */
import assert from "node:assert/strict";
import { measureLoad, problemsOf, reportLines } from "./load/load.ts";

const isLong = Deno.env.get("LAB_LONG") === "1";
const LOAD = isLong
  ? { seconds: 60, onlookers: 200, drawers: 32 }
  // One thread, because other tests run beside it and nothing is timed.
  : { seconds: 1, onlookers: 10, drawers: 4, warmUpSeconds: 1, threads: 1 };

Deno.test({
  name: `${LOAD.onlookers} onlookers and ${LOAD.drawers} drawers see no errors while a ConvNN trains`,
  // The memory of a process can be read on Linux only.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const report = await measureLoad(LOAD);
    for (const line of reportLines(report)) console.log(line);
    assert.deepEqual(report.errors, []);
    assert.ok(report.fewestMessages > 0, "every onlooker follows the run");
    assert.ok(report.predictions > 0);
    if (isLong) assert.deepEqual(problemsOf(report), []);
  },
});
