import assert from "node:assert/strict";
import { join } from "node:path";
import { freePorts } from "../service/testing/free_ports.ts";

const unix = Deno.build.os !== "windows";
/** The documents promise 2 s; the rest allows for a busy machine. */
const END_MS = 4000;

interface Lab {
  process: Deno.ChildProcess;
  trainingPort: number;
  inferencePort: number;
  /** The output so far, of both streams. */
  output: () => string;
  /** The exit code, once the script and all that it started have closed their output. */
  finished: Promise<number>;
}

function listen(port: number): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port });
}

/** Runs the script in its own process group with its own models folder, and makes sure that it ends. */
async function withLab([trainingPort, inferencePort]: readonly number[], test: (lab: Lab) => Promise<void>) {
  const modelsDir = await Deno.makeTempDir();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", join(import.meta.dirname!, "dev.ts")],
    env: {
      TRAINING_PORT: String(trainingPort),
      INFERENCE_PORT: String(inferencePort),
      MODELS_DIR: modelsDir,
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  let output = "";
  const readAll = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const finished = Promise.all([process.status, readAll(process.stdout), readAll(process.stderr)])
    .then(([{ code }]) => code);
  try {
    await test({ process, trainingPort, inferencePort, output: () => output, finished });
  } finally {
    signalGroup(process, "SIGKILL");
    await finished;
    await Deno.remove(modelsDir, { recursive: true });
  }
}

/** Signals the script and its services alike, as a terminal does. Does nothing once all have ended. */
function signalGroup(process: Deno.ChildProcess, signal: Deno.Signal) {
  try {
    Deno.kill(unix ? -process.pid : process.pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

/** Waits until `condition` holds; fails with all output if it does not within `ms`, or if the script ends first. */
async function until(condition: () => boolean, lab: Lab, what: string, ms = 30_000) {
  let ended = false;
  lab.process.status.then(() => ended = true);
  for (const start = performance.now(); !condition();) {
    const late = performance.now() - start > ms;
    assert(!late && !ended, `${what}: ${late ? `not within ${ms} ms` : "the script ended before"}\n${lab.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function endsCleanly(lab: Lab, ask: () => void) {
  const start = performance.now();
  ask();
  const code = await lab.finished;
  const waited = performance.now() - start;
  assert.equal(code, 0, lab.output());
  assert(waited < END_MS, `took ${waited} ms to end\n${lab.output()}`);
  // A service left behind would still hold its port.
  for (const port of [lab.trainingPort, lab.inferencePort]) listen(port).close();
}

Deno.test({
  name: "deno task dev serves both pages, prints their addresses and ends on SIGTERM",
  ignore: !unix,
  fn: () =>
    withLab(freePorts(2), async (lab) => {
      await until(() => lab.output().includes("MNIST Lab is running"), lab, "the banner");
      for (const port of [lab.trainingPort, lab.inferencePort]) {
        const url = `http://127.0.0.1:${port}/`;
        assert(lab.output().includes(url), lab.output());
        const response = await fetch(url);
        assert.equal(response.status, 200);
        assert.match(await response.text(), /<!doctype html>/i);
        const { wasm_checks } = await (await fetch(`${url}healthz`)).json();
        assert.equal(wasm_checks, port === lab.trainingPort ? "off" : "on");
      }
      await endsCleanly(lab, () => lab.process.kill("SIGTERM"));
    }),
});

Deno.test({
  name: "Ctrl+C also reaches the services and ends everything cleanly",
  ignore: !unix,
  fn: () =>
    withLab(freePorts(2), async (lab) => {
      await until(() => lab.output().includes("MNIST Lab is running"), lab, "the banner");
      const before = lab.output();
      await endsCleanly(lab, () => signalGroup(lab.process, "SIGINT"));
      assert.doesNotMatch(lab.output().slice(before.length), /error|exit code/i);
    }),
});

Deno.test("if a port is in use, the script stops with one line that names the port and its variable", async () => {
  const [trainingPort, inferencePort] = freePorts(2);
  const taken = listen(inferencePort);
  try {
    await withLab([trainingPort, inferencePort], async (lab) => {
      assert.equal(await lab.finished, 1);
      assert.match(
        lab.output(),
        new RegExp(`^Port ${inferencePort} is in use; .* set INFERENCE_PORT to a free port\n$`),
      );
    });
  } finally {
    taken.close();
  }
});
