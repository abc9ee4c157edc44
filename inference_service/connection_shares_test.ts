/** The threads are played by shares on one memory and one clock, and the system that shares connections out by dice. */
import assert from "node:assert/strict";
import { Dice } from "../core/testing/dice.ts";
import { ConnectionCounts, ConnectionShare, WINDOW_MS } from "./connection_shares.ts";

type Fetch = Deno.ServeHandler<Deno.NetAddr>;

const from = (port: number) =>
  ({ remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port }, completed: Promise.resolve() }) as const;

const answer: Fetch = () => new Response("answer");

/** Threads, and clients with a connection to one of them. */
class Lab {
  /** Of the clock, in milliseconds. */
  now = 0;
  readonly clients: { port: number; thread: number }[];
  moves = 0;
  readonly counts: ConnectionCounts;
  readonly #threads: Fetch[];
  #nextPort: number;

  constructor(threads: number, private readonly dice: Dice, clients: number[]) {
    this.counts = ConnectionCounts.of(threads);
    this.#threads = Array.from({ length: threads }, (_, thread) => this.#listen(thread));
    this.clients = clients.map((thread, port) => ({ port, thread }));
    this.#nextPort = clients.length;
  }

  #listen(thread: number): Fetch {
    return new ConnectionShare(this.counts, thread, () => this.now).balance(answer);
  }

  /** Each of the clients asks once; who is told to connects anew. */
  async round(clients = this.clients): Promise<void> {
    for (const client of clients) {
      const response = await this.#threads[client.thread](new Request("http://127.0.0.1/"), from(client.port));
      assert.equal(await response.text(), "answer", "who is sent away is answered all the same");
      if (response.headers.get("connection") !== "close") continue;
      client.port = this.#nextPort++;
      client.thread = this.dice.below(this.#threads.length);
      this.moves++;
    }
  }

  async rounds(seconds: number, pauseMs: number): Promise<void> {
    for (const end = this.now + 1000 * seconds; this.now < end; this.now += pauseMs) await this.round();
  }

  get most(): number {
    return Math.max(
      ...this.#threads.map((_, thread) => this.clients.filter((client) => client.thread === thread).length),
    );
  }
}

const all = (clients: number, thread: number) => new Array<number>(clients).fill(thread);

Deno.test("clients that are all on one thread are soon shared out, and then left alone", async () => {
  for (const threads of [2, 3, 8]) {
    const lab = new Lab(threads, new Dice(threads), all(64, threads - 1));
    await lab.rounds(40, 200);
    assert.ok(lab.most <= 1.25 * 64 / threads + 1, `${lab.most} of 64 on one of ${threads} threads`);
    const { moves } = lab;
    await lab.rounds(20, 200);
    assert.equal(lab.moves, moves);
  }
});

/** One of two threads, asked by ten connections in a window; the ports of those that are told to close. */
function crowdedThread(fetch: Fetch) {
  const counts = ConnectionCounts.of(2);
  let now = 0;
  const thread = new ConnectionShare(counts, 0, () => now).balance(fetch);
  counts.setListens(1, true);
  return {
    async ask(): Promise<Response[]> {
      const answers: Response[] = [];
      for (let port = 0; port < 10; port++) answers.push(await thread(new Request("http://127.0.0.1/"), from(port)));
      return answers;
    },
    nextWindow: () => now += WINDOW_MS,
  };
}

const lastOnes = (answers: Response[]) =>
  answers.flatMap((response, port) => response.headers.get("connection") === "close" ? [port] : []);

Deno.test("after two windows as many are sent away as are above the mean, and are told again if they stay", async () => {
  const { ask, nextWindow } = crowdedThread(answer);
  assert.deepEqual(lastOnes(await ask()), []);
  nextWindow();
  assert.deepEqual(lastOnes(await ask()), [], "once may be chance");
  nextWindow();
  assert.deepEqual(lastOnes(await ask()), [0, 1, 2, 3, 4]);
  assert.deepEqual(lastOnes(await ask()), [0, 1, 2, 3, 4]);
  nextWindow();
  assert.deepEqual(lastOnes(await ask()), [], "who was sent away is given time to come elsewhere");
});

Deno.test("an answer whose headers are fixed can be the last, too", async () => {
  const { ask, nextWindow } = crowdedThread(() => Response.redirect("http://127.0.0.1/there"));
  for (let window = 0; window < 2; window++) {
    await ask();
    nextWindow();
  }
  const answers = await ask();
  assert.deepEqual(lastOnes(answers), [0, 1, 2, 3, 4]);
  for (const { status, headers } of answers) {
    assert.deepEqual([status, headers.get("location")], [302, "http://127.0.0.1/there"]);
  }
});

Deno.test("threads that do not listen are not reckoned with", async () => {
  const lab = new Lab(2, new Dice(1), all(32, 0));
  lab.counts.setListens(1, false);
  await lab.rounds(20, 100);
  assert.equal(lab.moves, 0);
});

Deno.test("clients on all threads are left alone, however they pause", async () => {
  const even = Array.from({ length: 32 }, (_, i) => i % 2);
  for (const pauseMs of [70, 700, 1500, 1999, 2300, 5000]) {
    const lab = new Lab(2, new Dice(1), even);
    await lab.rounds(1.5 * pauseMs / 10 + 30, pauseMs);
    assert.equal(lab.moves, 0, `every ${pauseMs} ms`);
  }
});

Deno.test("people who draw every now and then are hardly ever moved", async () => {
  const dice = new Dice(3), lab = new Lab(4, dice, Array.from({ length: 32 }, (_, i) => i % 4));
  let asked = 0;
  for (; lab.now < 300_000; lab.now += 10) {
    const drawing = lab.clients.filter(() => dice.below(200) === 0);
    asked += drawing.length;
    await lab.round(drawing);
  }
  assert.ok(asked > 4000 && lab.moves < 0.01 * asked, `${lab.moves} of ${asked} were sent away`);
});

Deno.test("a count holds in its window, and is still there in the next", () => {
  const counts = ConnectionCounts.of(1);
  for (const window of [4, 5, 2 ** 16 - 1, 2 ** 30]) {
    counts.put(0, window, 9);
    assert.equal(counts.get(0, window), 9);
    assert.equal(counts.get(0, window + 1), 0);
    assert.equal(counts.get(0, window + 2), 0, "another thread may be the first in a window that is far from this one");
  }
  counts.put(0, 8, 1_000_000);
  assert.equal(counts.get(0, 8), 65_535);
});
