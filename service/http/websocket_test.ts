import assert from "node:assert/strict";
import { HttpServer } from "./server/http_server.ts";
import { RawSocket } from "../testing/raw_socket.ts";
import { textFrame } from "./server/frames.ts";
import { SocketGroup } from "./websocket.ts";

const isLong = Deno.env.get("LAB_LONG") === "1";
const DEADLINE_MS = 60_000;

Deno.test("a client that stops answering pings is noticed within a minute", async () => {
  // The real timeout takes half a minute; the short run uses a shorter one.
  const sockets = isLong ? new SocketGroup() : new SocketGroup({ idleSeconds: 2 });
  const closed = Promise.withResolvers<void>();
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, (request) => {
    const { socket, response } = sockets.upgrade(request, "127.0.0.1");
    // The client's system still receives data, as that of a sleeping machine might.
    const chatter = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send(textFrame("news")), 200);
    socket.addEventListener("close", () => {
      clearInterval(chatter);
      closed.resolve();
    });
    return response;
  });
  const client = await RawSocket.open(`127.0.0.1:${server.addr.port}`, "/");
  const began = performance.now();
  assert.equal(sockets.size, 1);
  await closed.promise;
  assert.ok(performance.now() - began < DEADLINE_MS);
  assert.equal(sockets.size, 0);
  assert.deepEqual(await client.readToEnd(), { code: 1001, reason: "No response from ping frame." });
  client.close();
  await server.shutdown();
});

Deno.test("a client that answers pings stays connected, however long it is silent", async () => {
  const sockets = new SocketGroup({ idleSeconds: 1 });
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, (request) => {
    return sockets.upgrade(request, "127.0.0.1").response;
  });
  const client = await RawSocket.open(`127.0.0.1:${server.addr.port}`, "/");
  for (let pings = 0; pings < 5;) {
    const frame = await client.read();
    assert.equal(frame?.opcode, 9, "a ping, and no close");
    await client.pong(frame!.payload);
    pings++;
  }
  assert.equal(sockets.size, 1);
  client.close();
  await server.shutdown();
});
