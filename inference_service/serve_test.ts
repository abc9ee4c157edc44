/** Tests the service in its own process, with its real permissions, on three threads. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../service/testing/free_ports.ts";
import { readSettings, SETTING_NAMES } from "../service/process/settings.ts";
import { ServingThreads } from "./serve.ts";
import { canShareAddress } from "./service.ts";

const PROJECT_DIR = join(import.meta.dirname!, "..");
const THREADS = 3;
const DEADLINE_MS = 20_000;

function spawnService(port: number, modelsDir: string, host = "127.0.0.1"): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--allow-net=${host}:${port}`,
      `--allow-read=${PROJECT_DIR},${modelsDir}`,
      `--allow-env=${SETTING_NAMES.join(",")}`,
      join(PROJECT_DIR, "inference_service", "main.ts"),
    ],
    env: {
      HOST: host,
      LAB_TOKEN: host === "127.0.0.1" ? "" : "a-word-for-other-machines",
      INFERENCE_PORT: String(port),
      MODELS_DIR: modelsDir,
      THREADS: String(THREADS),
      DEVICE: "wasm",
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** How many sockets listen on a port of 127.0.0.1 (proc_net_tcp(5)). */
async function listeners(port: number): Promise<number> {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`, LISTEN = "0A";
  const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => row[1] === address && row[3] === LISTEN).length;
}

/** Waits until `count` threads listen. */
async function nowListen(count: number, port: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (await listeners(port) !== count) {
    assert.ok(performance.now() < deadline, `${await listeners(port)} threads listen, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** First and last line of the answer to a request for the list of models, over a new connection. */
async function ask(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET /api/models HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  let text = "";
  const decoder = new TextDecoder(), buffer = new Uint8Array(4096);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, n));
  }
  const lines = text.split("\r\n");
  return `${lines[0]} ${lines.at(-1)}`;
}

Deno.test(
  { name: "every serving thread answers, and all of them end with the service", ignore: !canShareAddress },
  async () => {
    const modelsDir = await Deno.makeTempDir({ prefix: "inference_service_" });
    const port = freePort(), process = spawnService(port, modelsDir);
    try {
      await nowListen(THREADS, port);
      // Each request has its own connection, so every thread gets some of them.
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask(port)));
      assert.deepEqual([...new Set(answers)], ["HTTP/1.1 200 OK []"]);

      const second = await spawnService(port, modelsDir).output();
      assert.equal(second.code, 1);
      assert.match(new TextDecoder().decode(second.stderr), new RegExp(`port ${port} is in use; stop the program`));

      const asked = performance.now();
      process.kill("SIGTERM");
      assert.equal((await process.status).code, 0);
      assert.ok(performance.now() - asked < 2000, "it ends within two seconds");
      assert.equal(await listeners(port), 0);
      assert.equal(await new Response(process.stderr).text(), "");
    } finally {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await process.status;
      await process.stdout.cancel();
      if (!process.stderr.locked) await process.stderr.cancel();
      await Deno.remove(modelsDir, { recursive: true });
    }
  },
);

Deno.test("an address of another machine is refused, and the error names it", async () => {
  const modelsDir = await Deno.makeTempDir({ prefix: "inference_service_" });
  try {
    for (const host of ["10.255.255.1", "192.0.2.1"]) {
      const { code, stderr } = await spawnService(freePort(), modelsDir, host).output();
      assert.equal(code, 1);
      assert.match(new TextDecoder().decode(stderr), new RegExp(`HOST=${host} is not an address of this machine`));
    }
  } finally {
    await Deno.remove(modelsDir, { recursive: true });
  }
});

Deno.test({ name: "a serving thread that crashes is replaced", ignore: !canShareAddress }, async () => {
  const script = new URL("./serving_thread_testing.ts", import.meta.url);
  const port = freePort(), threads = new ServingThreads(script, 200);
  const complain = console.error, complaints: string[] = [];
  console.error = (...words) => complaints.push(words.join(" "));
  try {
    threads.start(1, { hostname: "127.0.0.1", port }, readSettings(() => undefined));
    await nowListen(1, port);
    await fetch(`http://127.0.0.1:${port}/crash`).then((response) => response.text(), () => {});
    await nowListen(0, port);
    await nowListen(1, port);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "ok");
    await threads.close();
    assert.equal(complaints.length, 1);
    assert.match(complaints[0], /a serving thread crashed .*asked to crash/);
  } finally {
    console.error = complain;
  }
});
