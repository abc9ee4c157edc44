import assert from "node:assert/strict";
import { mayTakePlace } from "./fair_shares.ts";

Deno.test("a client that takes all it can get leaves room for others", () => {
  const max = 128, places = new Map<string, number>();
  const taken = () => [...places.values()].reduce((a, b) => a + b, 0);
  const fill = (client: string) => {
    let own = 0;
    for (; mayTakePlace({ own, taken: taken(), max }); own++) places.set(client, own + 1);
    return own;
  };
  assert.deepEqual(["a", "b", "c", "d"].map(fill), [65, 32, 16, 8]);
  assert(mayTakePlace({ own: 0, taken: taken(), max }));
  assert(!mayTakePlace({ own: 0, taken: max, max }));
});
