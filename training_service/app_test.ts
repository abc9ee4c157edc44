import assert from "node:assert/strict";
import type { HistoryMessage, RunSummary } from "../protocol/mod.ts";
import { inTime } from "../lab/in_time_testing.ts";
import { withLab } from "./testing/lab.ts";

Deno.test("models are listed newest first and found by their id", async () => {
  await withLab(async (lab) => {
    const older = lab.store.add();
    const newer = lab.store.add({ learning_rate: 0.002, homemade: "field" });
    assert.deepEqual(await lab.getJson("/api/models"), { status: 200, body: [newer, older] });
    assert.deepEqual(await lab.getJson(`/api/models/${newer.id}`), { status: 200, body: newer });
    const { status, body } = await lab.getJson("/api/models/model_x");
    assert.equal(status, 404);
    assert.deepEqual(body, { error: 'There is no model "model_x".' });
    const file = await fetch(`http://${lab.host}/api/models/${older.id}/model.pth`);
    assert.equal(await file.text(), older.filename);
  });
});

Deno.test("runs are listed newest first with their state and position", async () => {
  await withLab(async (lab) => {
    await (await lab.train()).next("accepted");
    const queued = await lab.train({ learning_rate: 0.002 });
    await queued.next("log");
    const { body } = await lab.getJson("/api/runs");
    const [second, first] = body as RunSummary[];
    assert.equal(second.state, "queued");
    assert.equal(second.place, 1);
    assert.equal(second.config.learning_rate, 0.002);
    assert.equal(first.state, "running");
    assert.equal(first.total_steps, 10);
    assert(first.created <= second.created && first.started! <= Date.now());
  });
});

Deno.test("the history of a run has its losses, logs and outcome", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    const { run_id } = await client.next("accepted");
    (await lab.engine.next()).complete();
    const result = await client.next("result");
    const history = (await lab.getJson(`/api/runs/${run_id}`)).body as HistoryMessage;
    assert.deepEqual(history.losses, [[1, 1], [10, 0.1]]);
    assert.equal(history.logs.length, 4);
    assert.deepEqual(history.end, result);
    assert.equal((await lab.getJson("/api/runs/run_x")).status, 404);
  });
});

Deno.test("only the latest finished runs are remembered", async () => {
  await withLab(async (lab) => {
    for (const learning_rate of [0.001, 0.002, 0.003]) {
      const client = await lab.train({ learning_rate });
      (await lab.engine.next()).complete();
      await client.end();
    }
    assert.deepEqual(lab.runs.list().map(({ config }) => config.learning_rate), [0.003, 0.002]);
  }, { maxFinished: 2 });
});

Deno.test("healthz counts the unfinished runs", async () => {
  await withLab(async (lab) => {
    await (await lab.train()).next("accepted");
    const { status, unfinished_runs } = (await lab.getJson("/healthz")).body as Record<string, unknown>;
    assert.deepEqual([status, unfinished_runs], ["ok", 1]);
  });
});

Deno.test("a page of another origin cannot train", async () => {
  await withLab(async (lab) => {
    const upgrade = {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
    };
    const open = async (origin: string) => {
      const lines = Object.entries({ host: lab.host, origin, ...upgrade }).map(([name, value]) => `${name}: ${value}`);
      const [hostname, port] = lab.host.split(":");
      using connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(`GET /ws/train HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`));
      const answer = new Uint8Array(64);
      const length = await inTime(connection.read(answer), "an answer");
      return new TextDecoder().decode(answer.subarray(0, length ?? 0)).split("\r\n")[0];
    };
    assert.match(await open("http://evil.example"), / 403 /);
    assert.match(await open(`http://${lab.host}`), / 101 /);
    assert.deepEqual(lab.runs.list(), []);
  });
});

Deno.test("a plain request to a socket's address gets an explanation", async () => {
  await withLab(async (lab) => {
    const response = await fetch(`http://${lab.host}/ws/train`);
    assert.equal(response.status, 426);
    assert.match((await response.json()).error, /ws:/);
  });
});
