import assert from "node:assert/strict";
import type { LossMessage, ServerMessage } from "../../protocol/mod.ts";
import { Outbox, type OutgoingSocket } from "./outbox.ts";
import { collectGarbage } from "../../core/testing/fuzz.ts";
import { inTime } from "../../lab/in_time_testing.ts";

class FakeSocket implements OutgoingSocket {
  readyState: WebSocket["readyState"] = WebSocket.OPEN;
  bufferedAmount = 0;
  frames: Uint8Array[] = [];
  sent: ServerMessage[] = [];
  onSend = () => {};

  send(frame: Uint8Array) {
    assert.equal(this.readyState, WebSocket.OPEN, "sent after the close");
    const begin = frame[1] < 126 ? 2 : 4;
    this.frames.push(frame);
    this.sent.push(JSON.parse(new TextDecoder().decode(frame.subarray(begin))));
    this.onSend();
  }

  close() {
    this.readyState = WebSocket.CLOSING;
  }
}

function loss(step: number): LossMessage {
  return { type: "loss", step, loss: 1 / step, epoch: 1, total_steps: 100 };
}

Deno.test("a client that keeps up gets every loss as its own message", () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  for (const step of [1, 10, 20]) outbox.send(loss(step));
  assert.deepEqual(socket.sent, [loss(1), loss(10), loss(20)]);
});

Deno.test("a slow client gets the losses merged once it has caught up", async () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket);
  socket.bufferedAmount = 10_000_000;
  for (const step of [1, 10, 20]) outbox.send(loss(step));
  assert.deepEqual(socket.sent, []);
  const sent = new Promise<void>((resolve) => socket.onSend = resolve);
  socket.bufferedAmount = 0;
  await inTime(sent, "the merged losses");
  assert.deepEqual(socket.sent, [{ ...loss(20), losses: [[1, 1], [10, 0.1], [20, 0.05]] }]);
});

Deno.test("a log overtakes losses that are held back, but the end of the run does not", () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket, { lossIntervalMs: 60_000 });
  for (const step of [1, 10, 20]) {
    outbox.send(loss(step));
    outbox.send({ type: "log", message: `after ${step}` });
  }
  outbox.send({ type: "aborted", message: "enough" });
  assert.deepEqual(socket.sent.map(({ type }) => type), ["log", "log", "log", "loss", "aborted"]);
  assert.deepEqual((socket.sent[3] as LossMessage).losses, [[1, 1], [10, 0.1], [20, 0.05]]);
});

Deno.test("closing sends everything held back, and nothing is sent afterwards", () => {
  const socket = new FakeSocket();
  const outbox = new Outbox(socket, { lossIntervalMs: 60_000 });
  outbox.send(loss(1));
  outbox.send(loss(10));
  outbox.close(1000);
  assert.deepEqual(socket.sent, [{ ...loss(10), losses: [[1, 1], [10, 0.1]] }]);
  outbox.send(loss(20));
  outbox.send({ type: "log", message: "late" });
  outbox.close(1000);
  outbox.discard();
  assert.equal(socket.sent.length, 1);
});

Deno.test("losses that all have sent are let go, although the messages of two slow clients overlap", async () => {
  const sockets = [new FakeSocket(), new FakeSocket()];
  const outboxes = sockets.map((socket) => new Outbox(socket, { lossIntervalMs: 60_000 }));
  const sent: WeakRef<Uint8Array>[] = [];
  for (let step = 1; step <= 100; step++) {
    const losses = [loss(step), loss(step + 0.5)];
    for (const outbox of outboxes) outbox.sendLosses(losses);
    if (step % 10 !== 5) continue;
    // In turn, so that each message begins in the middle of one to the other client. An end brings what is held back.
    const next = sent.length % 2;
    outboxes[next].send({ type: "aborted", message: "" });
    sent.push(new WeakRef(sockets[next].frames.at(-2)!));
    sockets[next].frames = [];
  }
  // What a weak reference has shown stays until the end of a turn of the event loop.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  assert.deepEqual(sent.map((frame) => frame.deref() !== undefined), new Array(10).fill(false), "still held");
  for (const outbox of outboxes) outbox.discard();
});

Deno.test("clients of one run share the bytes of each message, also of merged losses", async () => {
  const sockets = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
  const outboxes = sockets.map((socket) => new Outbox(socket, { lossIntervalMs: 50 }));
  const sent = Promise.all(sockets.map((socket) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.onSend = () => socket.frames.length === 2 && resolve();
    return promise;
  }));
  const losses = [[loss(1), loss(5)], [loss(10)]], news = { type: "log", message: "news" } as const;
  for (const outbox of outboxes) {
    for (const batch of losses) outbox.sendLosses(batch);
    outbox.send(news);
  }
  await inTime(sent, "the log and the losses");
  for (const { frames, sent } of sockets) {
    assert.deepEqual(sent, [news, { ...loss(10), losses: [[1, 1], [5, 0.2], [10, 0.1]] }]);
    assert.ok(frames.every((frame, i) => frame === sockets[0].frames[i]));
  }
});
