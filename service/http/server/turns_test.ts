import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

Deno.test("an address that has much to do lets another one in after one turn, and the event loop after each", async () => {
  const turns = new Turns(), order: string[] = [];
  let loops = 0, isOver = false;
  const count = () => void (isOver || (loops++, setImmediate(count)));
  setImmediate(count);
  const use = async (client: string) => {
    await turns.next(client);
    order.push(client);
  };
  const all = ["much", "much", "much", "much", "much", "little", "much"].map(use);
  await Promise.all(all);
  isOver = true;
  assert.deepEqual(order, ["much", "much", "little", "much", "much", "much", "much"]);
  assert.ok(loops >= 5, `${loops} turns of the event loop`);
});

Deno.test("one that is alone does not wait", async () => {
  const turns = new Turns();
  for (let i = 0; i < 3; i++) {
    assert.equal(turns.next("a"), undefined);
    await new Promise((resolve) => setTimeout(resolve));
  }
});

Deno.test("only so many requests of one address are handled at once", async () => {
  const turns = new Turns(2), begun: string[] = [];
  const begin = async (client: string, name: string) => {
    await turns.begin(client);
    begun.push(name);
  };
  await Promise.all([begin("a", "a1"), begin("a", "a2")]);
  const third = begin("a", "a3");
  await begin("b", "b1");
  assert.deepEqual(begun, ["a1", "a2", "b1"]);
  turns.end("a");
  await third;
  assert.deepEqual(begun, ["a1", "a2", "b1", "a3"]);
});
