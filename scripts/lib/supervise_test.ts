import assert from "node:assert/strict";
import { readSettings, StartupError } from "../../service/process/settings.ts";
import { type Part, requireFreePorts, supervise } from "./supervise.ts";

/** A process that runs `code`. */
function part(name: string, code: string): Part {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return { name, command };
}

const WAITS = `setInterval(() => {}, 1000);`;
const onTerm = (code: string) => `Deno.addSignalListener("SIGTERM", () => { ${code} });`;
const unix = Deno.build.os !== "windows";

/** Code that writes the process's id to `file`, to show that its signal listener is ready. */
function ready(file: string): string {
  return `Deno.writeTextFileSync(${JSON.stringify(file)}, String(Deno.pid));`;
}

async function written(file: string): Promise<string> {
  for (const start = Date.now(); Date.now() - start < 10_000;) {
    const text = await Deno.readTextFile(file).catch(() => "");
    if (text !== "") return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${file} was not written within 10 s`);
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "on a stop every process is asked to end, and the exit code is 0",
  ignore: !unix,
  async fn() {
    const folder = await Deno.makeTempDir();
    const stop = new AbortController();
    const polite = (name: string) =>
      part(
        name,
        onTerm(`Deno.writeTextFileSync("${folder}/${name}.end", "ended"); Deno.exit(7)`) + ready(`${folder}/${name}`) +
          WAITS,
      );
    const running = supervise([polite("a"), polite("b")], stop.signal);
    const pids = [await written(`${folder}/a`), await written(`${folder}/b`)].map(Number);
    stop.abort();
    assert.equal(await running, 0);
    assert.equal(await written(`${folder}/a.end`), "ended");
    assert.equal(await written(`${folder}/b.end`), "ended");
    assert.deepEqual(pids.map(isAlive), [false, false]);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("when one process ends, the others are ended and its exit code is kept", async () => {
  const running = supervise(
    [part("lasting", WAITS), part("failing", "Deno.exit(3)")],
    new AbortController().signal,
  );
  assert.equal(await running, 3);
});

Deno.test({
  name: "a process that ignores SIGTERM is killed after two seconds",
  ignore: !unix,
  async fn() {
    const folder = await Deno.makeTempDir();
    const stop = new AbortController();
    const running = supervise([part("stubborn", onTerm("") + ready(`${folder}/pid`) + WAITS)], stop.signal);
    const pid = Number(await written(`${folder}/pid`));
    const start = performance.now();
    stop.abort();
    assert.equal(await running, 0);
    const waited = performance.now() - start;
    assert(waited > 1900 && waited < 4000, `ended after ${waited} ms`);
    assert.equal(isAlive(pid), false);
    await Deno.remove(folder, { recursive: true });
  },
});

const NO_PORT = 70_000;

Deno.test("a port in use is named, even if the other port cannot be tried", () => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = holder.addr;
    const settings = readSettings(() => undefined);
    assert.throws(
      () => requireFreePorts({ ...settings, trainingPort: NO_PORT, inferencePort: port }),
      (error) => error instanceof StartupError && error.message.startsWith(`Port ${port} is in use; `),
    );
    requireFreePorts({ ...settings, trainingPort: NO_PORT, inferencePort: NO_PORT });
  } finally {
    holder.close();
  }
});
