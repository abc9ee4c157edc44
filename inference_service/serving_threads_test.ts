/** The service in a process of its own, with the permissions it has in use, on three threads. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../service/free_ports_testing.ts";
import { readSettings, SETTING_NAMES } from "../service/settings.ts";
import { ConnectionCounts } from "./connection_shares.ts";
import { canShareAddress, ServingThreads } from "./serving_threads.ts";

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

/** Sockets that listen on a port of 127.0.0.1, as Linux counts them (proc_net_tcp(5)). */
async function listeners(port: number): Promise<number> {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`, LISTEN = "0A";
  const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => row[1] === address && row[3] === LISTEN).length;
}

/** Waits until so many threads listen. */
async function nowListen(count: number, port: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (await listeners(port) !== count) {
    assert.ok(performance.now() < deadline, `${await listeners(port)} threads listen, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end(process: Deno.ChildProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.status;
  await Promise.all([process.stdout.cancel(), process.stderr.cancel()]);
}

/** A service with connections that were made while its main thread listened alone; on a busy machine that takes some tries. */
async function connectEarly(clients: number, port: number, modelsDir: string) {
  for (const deadline = performance.now() + DEADLINE_MS; performance.now() < deadline;) {
    const process = spawnService(port, modelsDir), connections: Deno.Conn[] = [];
    while (connections.length < clients && performance.now() < deadline) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
      if (connection !== undefined) connections.push(connection);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (await listeners(port) === 1) return { process, connections };
    for (const connection of connections) connection.close();
    await end(process);
  }
  throw new Error("the other threads listened before all clients were connected, each time");
}

/** Asks for the empty list of models by a connection that stays open; whether the answer says that it will not. */
async function isSentAway(connection: Deno.Conn, port: number): Promise<boolean> {
  await connection.write(new TextEncoder().encode(`GET /api/models HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
  let answer = "";
  const buffer = new Uint8Array(4096);
  while (!answer.endsWith("\r\n\r\n[]")) {
    const count = await connection.read(buffer);
    assert.notEqual(count, null, "the service hung up");
    answer += new TextDecoder().decode(buffer.subarray(0, count!));
  }
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
  return /^connection: *close\r$/im.test(answer);
}

/** The first and the last line of what a connection of its own gets for the list of models. */
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
  { name: "every serving thread answers, and all end with the service", ignore: !canShareAddress },
  async () => {
    const modelsDir = await Deno.makeTempDir({ prefix: "inference_service_" });
    const port = freePort(), process = spawnService(port, modelsDir);
    try {
      await nowListen(THREADS, port);
      // Connections of their own are shared out, so that all threads get some of them.
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
        // It has ended by itself.
      }
      await process.status;
      await process.stdout.cancel();
      if (!process.stderr.locked) await process.stderr.cancel();
      await Deno.remove(modelsDir, { recursive: true });
    }
  },
);

Deno.test("an address of another machine is told", async () => {
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

Deno.test(
  { name: "clients that came before all threads listened are shared out among them", ignore: !canShareAddress },
  async () => {
    const CLIENTS = 30;
    const modelsDir = await Deno.makeTempDir({ prefix: "inference_service_" });
    const port = freePort();
    const { process, connections } = await connectEarly(CLIENTS, port, modelsDir);
    try {
      await nowListen(THREADS, port);
      let moves = 0;
      // All that the main thread has above the mean.
      for (const deadline = performance.now() + DEADLINE_MS; moves < CLIENTS - CLIENTS / THREADS;) {
        assert.ok(performance.now() < deadline, `only ${moves} were sent away`);
        for (const [client, connection] of connections.entries()) {
          if (!await isSentAway(connection, port)) continue;
          connection.close();
          connections[client] = await Deno.connect({ hostname: "127.0.0.1", port });
          moves++;
        }
      }
    } finally {
      for (const connection of connections) connection.close();
      await end(process);
      await Deno.remove(modelsDir, { recursive: true });
    }
  },
);

Deno.test(
  { name: "a further thread sends away clients that another could have", ignore: !canShareAddress },
  async () => {
    const modelsDir = await Deno.makeTempDir({ prefix: "inference_service_" });
    const port = freePort(), threads = new ServingThreads(), counts = ConnectionCounts.of(2);
    const connections: Deno.Conn[] = [];
    try {
      // In place of the main thread, with no clients.
      counts.setListens(0, true);
      threads.start(1, { hostname: "127.0.0.1", port }, { ...readSettings(() => undefined), modelsDir }, counts);
      await nowListen(1, port);
      for (let client = 0; client < 8; client++) connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      let told = 0;
      for (const deadline = performance.now() + DEADLINE_MS; told === 0;) {
        assert.ok(performance.now() < deadline, "none was sent away");
        for (const connection of connections) told += Number(await isSentAway(connection, port));
      }
    } finally {
      for (const connection of connections) connection.close();
      await threads.close();
      await Deno.remove(modelsDir, { recursive: true });
    }
  },
);

Deno.test({ name: "a serving thread that breaks down is replaced", ignore: !canShareAddress }, async () => {
  const script = new URL("./serving_thread_testing.ts", import.meta.url);
  const port = freePort(), threads = new ServingThreads(script, 200), counts = ConnectionCounts.of(2);
  const complain = console.error, complaints: string[] = [];
  console.error = (...words) => complaints.push(words.join(" "));
  try {
    threads.start(1, { hostname: "127.0.0.1", port }, readSettings(() => undefined), counts);
    await nowListen(1, port);
    counts.setListens(1, true);
    await fetch(`http://127.0.0.1:${port}/crash`).then((response) => response.text(), () => {});
    await nowListen(0, port);
    await nowListen(1, port);
    assert.equal(counts.listens(1), false, "the others were told not to reckon with it");
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "ok");
    await threads.close();
    assert.equal(complaints.length, 1);
    assert.match(complaints[0], /a serving thread broke down .*asked to break down/);
  } finally {
    console.error = complain;
  }
});
