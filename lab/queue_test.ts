import assert from "node:assert/strict";
import { Queue } from "./queue.ts";

const never = new AbortController().signal;

Deno.test("a queue lets one item at a time through, first come, first served", async () => {
  const order: string[] = [];
  const queue = new Queue<string>(() => {});
  const turn = async (name: string) => {
    const end = await queue.enter(name, never);
    order.push(`${name} begins`);
    await Promise.resolve();
    order.push(`${name} ends`);
    end();
  };
  await Promise.all(["a", "b", "c"].map(turn));
  assert.deepEqual(order, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

Deno.test("positions count from 1 and are reported only when they change", async () => {
  const told: [string, number][] = [];
  const queue = new Queue<string>((item, position) => told.push([item, position]));
  const end = await queue.enter("a", never);
  const leaver = new AbortController();
  const b = queue.enter("b", never);
  const c = queue.enter("c", leaver.signal);
  const d = queue.enter("d", never);
  assert.deepEqual(told, [["b", 1], ["c", 2], ["d", 3]]);
  leaver.abort(new Error("enough"));
  await assert.rejects(c, /enough/);
  assert.deepEqual(told.slice(3), [["d", 2]]);
  end();
  (await b)();
  (await d)();
  assert.deepEqual(told.slice(4), [["d", 1]]);
});

Deno.test("an item at the front goes before those that wait", async () => {
  const queue = new Queue<string>(() => {});
  const end = await queue.enter("a", never);
  const order: string[] = [];
  const turn = (name: string, front: boolean) =>
    queue.enter(name, never, { front }).then((endTurn) => {
      order.push(name);
      endTurn();
    });
  const turns = [turn("b", false), turn("c", true)];
  end();
  await Promise.all(turns);
  assert.deepEqual(order, ["c", "b"]);
});

Deno.test("no item slips in between two turns, and ending a turn twice is harmless", async () => {
  const queue = new Queue<string>(() => {});
  const end = await queue.enter("a", never);
  const b = queue.enter("b", never);
  end();
  end();
  let admitted = false;
  const c = queue.enter("c", never).then((endTurn) => {
    admitted = true;
    return endTurn;
  });
  const endB = await b;
  assert.equal(admitted, false);
  endB();
  (await c)();
});

Deno.test("an item that has already been aborted does not enter", async () => {
  const queue = new Queue<string>(() => {});
  await assert.rejects(queue.enter("a", AbortSignal.abort(new Error("too late"))), /too late/);
  (await queue.enter("b", never))();
});

Deno.test("groups take turns, and a single item waits only for the current one", async () => {
  const queue = new Queue<string>(() => {});
  const end = await queue.enter("a1", never, { group: "a" });
  const order: string[] = [];
  const turn = (name: string) =>
    queue.enter(name, never, { group: name[0] }).then((endTurn) => {
      order.push(name);
      endTurn();
    });
  const turns = ["a2", "a3", "a4", "b1", "b2", "c1"].map(turn);
  assert.deepEqual(queue.waiting, ["b1", "c1", "a2", "b2", "a3", "a4"]);
  end();
  await Promise.all(turns);
  assert.deepEqual(order, ["b1", "c1", "a2", "b2", "a3", "a4"]);
});

Deno.test("a group gains nothing by coming back, or by leaving and asking again", async () => {
  const queue = new Queue<string>(() => {});
  const end = await queue.enter("a1", never, { group: "a" });
  const leaver = new AbortController();
  const left = queue.enter("a2", leaver.signal, { group: "a" });
  const ends = [queue.enter("b1", never, { group: "b" }), queue.enter("a3", never, { group: "a" })];
  leaver.abort(new Error("changed my mind"));
  await assert.rejects(left, /changed/);
  assert.deepEqual(queue.waiting, ["b1", "a3"]);
  ends.push(queue.enter("a4", never, { group: "a" }), queue.enter("c1", never, { group: "c" }));
  assert.deepEqual(queue.waiting, ["b1", "c1", "a3", "a4"]);
  end();
  for (const next of [ends[0], ends[3], ends[1], ends[2]]) (await next)();
  // Nothing is waiting, so the past is forgotten.
  const endD = await queue.enter("d1", never, { group: "d" });
  ends.push(queue.enter("a5", never, { group: "a" }), queue.enter("b2", never, { group: "b" }));
  assert.deepEqual(queue.waiting, ["a5", "b2"]);
  endD();
  (await ends[4])();
  (await ends[5])();
});
