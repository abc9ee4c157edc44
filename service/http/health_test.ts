import assert from "node:assert/strict";
import { EventLoopDelay } from "./health.ts";

Deno.test("the figures of a busy thread show how late its timers are", async () => {
  const delay = new EventLoopDelay();
  try {
    const turn = () => new Promise((resolve) => setTimeout(resolve, 25));
    await turn();
    for (const end = performance.now() + 300; performance.now() < end;);
    await turn();
    await turn();
    const { p50, p99, max } = delay.figures;
    assert.ok(max >= 250, `${max}`);
    assert.ok(p50 <= p99 && p99 <= max);
  } finally {
    delay.close();
  }
});
