import assert from "node:assert/strict";
import { join } from "node:path";
import { SETTING_NAMES } from "../process/settings.ts";
import { freePort } from "../testing/free_ports.ts";

const FIXTURE = join(import.meta.dirname!, "serve_testing.ts");
const PROJECT_DIR = join(import.meta.dirname!, "../..");

function spawnFixture(port: number, environment: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--allow-net=127.0.0.1:${port}`,
      `--allow-read=${PROJECT_DIR}`,
      `--allow-env=${SETTING_NAMES.join(",")}`,
      FIXTURE,
    ],
    env: { TRAINING_PORT: String(port), ...environment },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function readLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream.values({ preventCancel: true })) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text;
}

/** Starts the fixture, runs `body` with its address once it listens, and makes sure that it ends. */
async function withFixture(body: (process: Deno.ChildProcess, host: string) => Promise<void>) {
  const port = freePort();
  const process = spawnFixture(port);
  try {
    assert.equal(await readLine(process.stdout), `fixture: http://127.0.0.1:${port}\n`);
    await body(process, `127.0.0.1:${port}`);
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has already ended.
    }
    await process.status;
    await Promise.all([process.stdout.cancel(), process.stderr.cancel()]);
  }
}

async function endsInTime(process: Deno.ChildProcess, signal: Deno.Signal) {
  const asked = performance.now();
  process.kill(signal);
  const { code } = await process.status;
  assert.equal(code, 0);
  assert(performance.now() - asked < 2000, "it ended within two seconds");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} closes open sockets and ends the service`, async () => {
    await withFixture(async (process, host) => {
      const socket = new WebSocket(`ws://${host}/socket`);
      const closed = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      await endsInTime(process, signal);
      assert.equal(await closed, 1001);
    });
  });
}

Deno.test("a request that never ends does not keep the service from shutting down", async () => {
  await withFixture(async (process, host) => {
    const stuck = fetch(`http://${host}/stuck`).then((response) => response.body?.cancel(), () => {});
    await (await fetch(`http://${host}/healthz`)).body?.cancel();
    await endsInTime(process, "SIGTERM");
    await stuck;
  });
});

Deno.test("if the port is in use, start-up fails with one line that names it", async () => {
  const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = holder.addr;
    const { code, stderr } = await spawnFixture(port).output();
    const message = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.match(message, new RegExp(`^fixture: port ${port} is in use; .*TRAINING_PORT.*\n$`));
  } finally {
    holder.close();
  }
});

Deno.test("start-up fails with one line if a setting is invalid", async () => {
  const { code, stderr } = await spawnFixture(freePort(), { DEVICE: "cuda" }).output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /^DEVICE must be one of .*\n$/);
});

Deno.test("a plain request to a WebSocket's address gets an error that says what the address is", async () => {
  await withFixture(async (_process, host) => {
    const response = await fetch(`http://${host}/socket`);
    assert.equal(response.status, 426);
    assert.match((await response.json()).error, /WebSocket/);
  });
});

Deno.test("an unhandled error does not end the service", async () => {
  await withFixture(async (process, host) => {
    assert.equal(await (await fetch(`http://${host}/stray`)).text(), "ok");
    assert.equal((await (await fetch(`http://${host}/healthz`)).json()).status, "ok");
    assert.match(
      await readLine(process.stderr),
      /error unhandled error\n.*nobody waits for this/,
    );
  });
});

Deno.test("a Host header that is not a host name is refused, and the service continues", async () => {
  await withFixture(async (_process, host) => {
    const [hostname, port] = host.split(":");
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const request = "GET /healthz HTTP/1.1\r\nHost: a b%%\r\nConnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    assert.match(await new Response(connection.readable).text(), /^HTTP\/1\.1 40[03] /);
    assert.equal((await (await fetch(`http://${host}/healthz`)).json()).status, "ok");
  });
});
