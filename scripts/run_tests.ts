/**
 * `deno task test`: all tests, or those of the given paths and flags of `deno test`. The gate checks types, not this
 * script. `--long` runs the tests at full counts. Exits 1 if a test failed or none ran; the last line counts them.
 */
import { runMain } from "../service/process/output.ts";
import { readSettings } from "../service/process/settings.ts";
import { graphicsEnvironment } from "../service/process/launch.ts";
import { v8Flags } from "../service/process/wasm_checks.ts";
import { prepare } from "./lib/prepare.ts";
import { PROJECT_DIR } from "./lib/source_files.ts";
import {
  ALONE,
  countTests,
  LONG_ONLY,
  ON_WEBGPU,
  OWN_PROCESS,
  PAGES,
  SIDE_BY_SIDE,
  summaryLine,
  type TestCounts,
  WAITING,
  WITH_FLAGS,
} from "./lib/test_run.ts";

interface TestRun {
  counts: TestCounts;
  code: number;
}

async function main() {
  await prepare(readSettings(), console.log);
  const { counts, code } = await runTests(
    Deno.args.filter((arg) => arg !== "--" && arg !== "--long"),
    Deno.args.includes("--long"),
  );
  for (const name of counts.skipped) console.log(`skipped: ${name}`);
  if (code !== 0 && counts.failed === 0) {
    console.log("The run itself failed: a test file could not be loaded, see above.");
  }
  if (code === 0 && counts.passed === 0) console.log("No test ran.");
  console.log(summaryLine(counts));
  Deno.exit(code === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1);
}

/** Files whose doc comments have examples that run. */
const DOCUMENTED = ["core/mod.ts"];

/**
 * Runs the tests that may share the machine, then those on WebGPU beside those under V8's flags, then those that need
 * the machine or a core to themselves, then the examples.
 */
async function runTests(args: string[], long: boolean): Promise<TestRun> {
  if (args.length > 0) return await runDenoTest(args, long);
  const alone = Object.keys(ALONE).filter((path) => long || !LONG_ONLY.includes(path));
  const apart = [...Object.keys(ALONE), ...Object.keys(WAITING), ...OWN_PROCESS, ...ON_WEBGPU, PAGES];
  const withFlags = { env: { DENO_V8_FLAGS: v8Flags(readSettings()).join(",") } };
  // Each list runs in turn, beside the others of its line.
  const parts: TestRun[] = [];
  const inTurn = async (runs: (() => Promise<TestRun>)[]) => {
    for (const run of runs) parts.push(await run());
  };
  await Promise.all([
    inTurn([() => runDenoTest([PAGES], long, { output: "at the end" })]),
    inTurn([() => runDenoTest(OWN_PROCESS, long, { output: "at the end" })]),
    inTurn([() => runDenoTest(["--parallel", `--ignore=${apart.join(",")}`], long)]),
  ]);
  await Promise.all([
    inTurn([() => runDenoTest(ON_WEBGPU, long, { output: "at the end" })]),
    inTurn(WITH_FLAGS.map((files) => () => runDenoTest(files, long, withFlags))),
  ]);
  await Promise.all([
    inTurn([() => runDenoTest(Object.keys(WAITING), long, { output: "at the end" })]),
    inTurn([() => runDenoTest(alone, long)]),
  ]);
  await inTurn([() => runDenoTest(["--doc", ...DOCUMENTED], long)]);

  const sum = (of: (run: TestRun) => number) => parts.reduce((total, run) => total + of(run), 0);
  return {
    counts: {
      passed: sum(({ counts }) => counts.passed),
      failed: sum(({ counts }) => counts.failed),
      skipped: parts.flatMap(({ counts }) => counts.skipped),
    },
    code: parts.find(({ code }) => code !== 0)?.code ?? 0,
  };
}

/** With `output` "at the end", a run beside another one prints its output once it has ended. */
async function runDenoTest(
  args: readonly string[],
  long: boolean,
  { output = "at once", env = {} }: { output?: "at once" | "at the end"; env?: Record<string, string> } = {},
): Promise<TestRun> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", `--junit-path=${report}`, ...args],
      cwd: PROJECT_DIR,
      env: { ...graphicsEnvironment(), DENO_JOBS: String(SIDE_BY_SIDE), ...(long ? { LAB_LONG: "1" } : {}), ...env },
      stdin: "null",
      stdout: output === "at once" ? "inherit" : "piped",
      stderr: "inherit",
    });
    const process = command.spawn();
    const written = output === "at once" ? undefined : new Response(process.stdout).text();
    const { code } = await process.status;
    if (written !== undefined) console.log(await written);
    const counts = countTests(await Deno.readTextFile(report));
    if (code !== 0 || counts.passed > 0) return { counts, code };
    console.log(`No test passed in: deno test ${args.join(" ")}`);
    return { counts, code: counts.skipped.length > 0 ? 0 : 1 };
  } finally {
    await Deno.remove(report);
  }
}

// `deno test` takes this file for a test because of its name, and must not start another run from within.
if (import.meta.main) await runMain(main);
