import assert from "node:assert/strict";
import { KeptOpen } from "./kept_open.ts";

Deno.test("users take turns, a failing user does not stop the others, and closing waits for all", async () => {
  const events: string[] = [];
  const kept = new KeptOpen(Promise.resolve({ close: () => void events.push("closed") }));
  const use = (name: string) =>
    kept.use(async () => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (name === "b") throw new Error("b failed");
      return name;
    });
  assert.equal(kept.isOpen, false);
  const used = [use("a"), use("b"), use("c")];
  await used[0];
  assert.equal(kept.isOpen, true);
  kept.close();
  assert.deepEqual(
    (await Promise.allSettled(used)).map((result) => result.status === "fulfilled" ? result.value : "failed"),
    ["a", "failed", "c"],
  );
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(events, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends", "closed"]);
});

Deno.test("every user gets the reason if it cannot be opened, and closing it is not an error", async () => {
  const kept = new KeptOpen(Promise.reject(new Error("no such file")));
  kept.close();
  await assert.rejects(kept.use(() => {}), /no such file/);
  assert.equal(kept.isOpen, false);
  await assert.rejects(kept.use(() => {}), /no such file/);
});

Deno.test("an idle object is closed at once, and only once", async () => {
  let closed = 0;
  const kept = new KeptOpen(Promise.resolve({ close: () => void closed++ }));
  await kept.use(() => {});
  kept.close();
  assert.equal(closed, 1);
  kept.close();
  assert.deepEqual([closed, kept.isOpen], [1, false]);
});
