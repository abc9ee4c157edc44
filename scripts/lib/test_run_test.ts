import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_DIR } from "./source_files.ts";
import { ALONE, countTests, ON_WEBGPU, OWN_PROCESS, PAGES, summaryLine, WAITING } from "./test_run.ts";

/** The report of a real test run over `source`. */
async function reportOf(source: string, ...args: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "sample_test.ts"), source);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--no-config", "--junit-path=report.xml", ...args],
      cwd: folder,
    });
    await command.output();
    return await Deno.readTextFile(join(folder, "report.xml"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SAMPLE = `
  Deno.test("passes > & \\"so on\\"", () => {});
  Deno.test("says </testcase><skipped/>", () => {});
  Deno.test({ name: "needs <a browser> & \\"more\\"", ignore: true, fn() {} });
  Deno.test("fails", () => { throw new Error("<testcase></testcase>"); });
  Deno.test("steps", async (t) => {
    await t.step("good", () => {});
    await t.step({ name: "later", ignore: true, fn() {} });
  });
`;

Deno.test("passed, failed and skipped tests and steps are counted, the skipped ones by name", async () => {
  const counts = countTests(await reportOf(SAMPLE));
  assert.deepEqual(counts, { passed: 4, failed: 1, skipped: ['needs <a browser> & "more"', "steps > later"] });
  assert.equal(summaryLine(counts), "4 passed, 1 failed, 2 skipped");
});

Deno.test("tests left out by a filter are not counted", async () => {
  assert.equal(summaryLine(countTests(await reportOf(SAMPLE, "--filter=fails"))), "0 passed, 1 failed, 0 skipped");
  assert.equal(summaryLine(countTests(await reportOf(SAMPLE, "--filter=nothing"))), "0 passed, 0 failed, 0 skipped");
});

Deno.test("every file that runs alone exists", async () => {
  for (const path of [...Object.keys(ALONE), ...Object.keys(WAITING), ...OWN_PROCESS, ...ON_WEBGPU, PAGES]) {
    assert.ok((await Deno.stat(join(PROJECT_DIR, path))).isFile, path);
  }
});
