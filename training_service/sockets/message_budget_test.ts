import assert from "node:assert/strict";
import { SOCKET_BURST, SOCKET_RATE } from "../../protocol/mod.ts";
import { MessageBudget } from "./client_messages.ts";

Deno.test("a burst passes, then as many messages as the rate allows", () => {
  let now = 0;
  const budget = new MessageBudget(() => now);
  for (let i = 0; i < SOCKET_BURST.messages; i++) assert.ok(budget.take("x"));
  assert.ok(!budget.take("x"));
  now += 2000;
  for (let i = 1; i < 2 * SOCKET_RATE.messages; i++) assert.ok(budget.take("x"), `${i}`);
  assert.ok(!budget.take("x"));
});

Deno.test("a few huge messages count as many small ones, even binary ones", () => {
  const budget = new MessageBudget(() => 0);
  assert.ok(budget.take("x".repeat(SOCKET_BURST.bytes / 2)));
  assert.ok(!budget.take(new ArrayBuffer(SOCKET_BURST.bytes)));
});
