/** The threads are played by shares on one memory, and the system that shares connections out by dice. */
import assert from "node:assert/strict";
import { Dice } from "../core/testing/dice.ts";
import { ConnectionCounts, ConnectionShare, QUIET_MS } from "./connection_shares.ts";

/** Asks a thread for something by the connection from `port`; whether it is told to close it. */
async function isSentAway(share: ConnectionShare, port: number): Promise<boolean> {
  const fetch = share.balance(() => new Response("answer"));
  const info = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port }, completed: Promise.resolve() } as const;
  const response = await fetch(new Request("http://127.0.0.1/"), info);
  assert.equal(await response.text(), "answer", "who is sent away is answered all the same");
  return response.headers.get("connection") === "close";
}

async function sentAway(share: ConnectionShare, ports: number[]): Promise<number[]> {
  const told: number[] = [];
  for (const port of ports) if (await isSentAway(share, port)) told.push(port);
  return told;
}

const ports = (count: number, first = 1) => Array.from({ length: count }, (_, i) => first + i);

Deno.test("a thread that is alone keeps all of its connections", async () => {
  const share = new ConnectionShare(ConnectionCounts.of(3), 0);
  assert.deepEqual(await sentAway(share, [...ports(40), ...ports(40)]), []);
  share.close();
});

Deno.test("once another thread listens, as many are sent away as are too many, and no more", async () => {
  const counts = ConnectionCounts.of(2), first = new ConnectionShare(counts, 0);
  assert.deepEqual(await sentAway(first, ports(8)), []);
  const second = new ConnectionShare(new ConnectionCounts(counts.memory), 1);
  // Half of eight, and one that is let be.
  assert.deepEqual(await sentAway(first, ports(8)), ports(3));
  assert.deepEqual(await sentAway(second, ports(3, 101)), []);
  assert.deepEqual(await sentAway(first, ports(5, 4)), []);
  first.close();
  second.close();
});

Deno.test("what a thread had that listens no longer is not reckoned with", async () => {
  const counts = ConnectionCounts.of(2),
    first = new ConnectionShare(counts, 0),
    second = new ConnectionShare(counts, 1);
  assert.notDeepEqual(await sentAway(first, ports(8)), [], "the second thread could have some");
  second.close();
  assert.deepEqual(await sentAway(first, ports(8)), []);
  first.close();
});

Deno.test("clients that connect by chance are soon shared out evenly, and then left alone", async () => {
  const THREADS = 3, CLIENTS = 32, ROUNDS = 30, LAST = 5;
  const dice = new Dice(1), counts = ConnectionCounts.of(THREADS);
  // All on the thread that was there first.
  const clients = Array.from({ length: CLIENTS }, (_, port) => ({ port, thread: 0 }));
  const shares = ports(THREADS, 0).map((thread) => new ConnectionShare(counts, thread));
  let nextPort = CLIENTS, moves = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const client of clients) {
      if (!await isSentAway(shares[client.thread], client.port)) continue;
      if (round >= ROUNDS - LAST) moves++;
      client.port = nextPort++;
      client.thread = dice.below(THREADS);
    }
    for (const share of shares) share.takeStock(performance.now());
  }
  const held = ports(THREADS, 0).map((thread) => clients.filter((client) => client.thread === thread).length);
  assert.ok(Math.max(...held) <= Math.ceil(CLIENTS / THREADS) + 1, `${held}`);
  assert.equal(moves, 0, "nobody is moved for nothing");
  for (const share of shares) share.close();
});

Deno.test("clients that have gone make room for others", async () => {
  const counts = ConnectionCounts.of(2),
    first = new ConnectionShare(counts, 0),
    second = new ConnectionShare(counts, 1);
  assert.deepEqual(await sentAway(first, ports(4)), [4], "three are enough where the other thread has none");
  first.takeStock(performance.now() + QUIET_MS / 2);
  assert.equal(await isSentAway(first, 5), true);
  first.takeStock(performance.now() + 2 * QUIET_MS);
  assert.equal(await isSentAway(first, 6), false);
  first.close();
  second.close();
});
