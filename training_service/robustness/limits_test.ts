import assert from "node:assert/strict";
import { SocketGroup } from "../../service/http/websocket.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { TestClient, withLab } from "../testing/lab.ts";

/** The first line of the answer to a request for a socket. */
async function upgradeStatus(host: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const [hostname, port] = host.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({
    host,
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`));
  const answer = new Uint8Array(64);
  const length = await inTime(connection.read(answer), "an answer");
  return new TextDecoder().decode(answer.subarray(0, length ?? 0)).split("\r\n")[0];
}

Deno.test("sockets beyond the limit are refused, and there is room again when one closes", async () => {
  await withLab(async (lab) => {
    const first = await lab.connect("/ws/train");
    await lab.connect("/ws/train");
    assert.match(await upgradeStatus(lab.host, "/ws/train"), / 503 /);
    first.socket.close();
    await first.closed;
    // The server notices the close a moment later.
    await inTime(
      (async () => {
        while (!/ 101 /.test(await upgradeStatus(lab.host, "/ws/train")));
      })(),
      "room for another socket",
    );
  }, { sockets: new SocketGroup({ limits: { perClient: 2, inAll: 10 } }) });
});

Deno.test("an upgrade without its key is refused with a message", async () => {
  await withLab(async (lab) => {
    for (const key of ["", "=", "dGhlIHNhbXBsZQ==", "x".repeat(24), `${"A".repeat(4000)}==`]) {
      assert.match(await upgradeStatus(lab.host, "/ws/train", { "sec-websocket-key": key }), / 400 /, key);
    }
    assert.match(await upgradeStatus(lab.host, "/ws/train", { "sec-websocket-version": "1" }), / 400 /);
    assert.equal((await lab.getJson("/healthz")).status, 200);
  });
});

Deno.test("200 sockets from one machine follow one run to its end", async () => {
  await withLab(async (lab) => {
    const owner = await lab.train();
    const { run_id } = await owner.next("accepted");
    const training = await lab.engine.next();
    const onlookers: TestClient[] = await Promise.all(
      Array.from({ length: 200 }, () => lab.connect(`/ws/runs/${run_id}`)),
    );
    await Promise.all(onlookers.map((onlooker) => onlooker.next("history")));
    training.complete();
    const results = await Promise.all(onlookers.map((onlooker) => onlooker.next("result")));
    assert.equal(results.length, 200);
    assert.equal((await owner.next("result")).run_id, run_id);
  });
});

Deno.test("one address cannot fill the queue, and can train again once its training runs have ended", async () => {
  await withLab(async (lab) => {
    const clients = [await lab.train({ seed: 1 }), await lab.train({ seed: 2 })];
    for (const client of clients) await client.next("accepted");
    const third = await lab.train({ seed: 3 });
    assert.match((await third.next("error")).message, /2 training runs asked for from your address/);
    for (const client of clients) {
      client.send({ type: "abort" });
      await client.end();
    }
    await inTime(
      (async () => {
        for (;;) {
          const next = await lab.train({ seed: 4 });
          if (
            await Promise.race([
              next.next("accepted").then(() => true, () => false),
              next.closed.then(() => false),
            ])
          ) break;
        }
      })(),
      "a training run to be taken",
    );
  }, { maxUnfinished: 3 });
});

Deno.test("a flooding client is disconnected, and its run continues", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const { run_id } = await client.next("accepted");
    const training = await lab.engine.next();
    for (let i = 0; i < 1000; i++) client.send("junk");
    // A client with unsent data may not receive the close code.
    const { code } = await inTime(client.closed, "the close");
    assert.ok(code === 1008 || code === 1006 || code === 0, `${code}`);
    assert.ok(client.of("log").length < 300, "not every piece of junk was answered");
    assert.equal(training.signal.aborted, false);
    training.complete();
    const onlooker = await lab.connect(`/ws/runs/${run_id}`);
    await inTime(onlooker.closed, "the end of the run");
    assert.equal(lab.store.records.length, 1);
  });
});
