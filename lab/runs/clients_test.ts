import assert from "node:assert/strict";
import { clientAt, mayTakePlace } from "./clients.ts";

Deno.test("a machine with many IPv6 addresses is one client", () => {
  assert.equal(clientAt("127.0.0.1"), "127.0.0.1");
  assert.notEqual(clientAt("127.0.0.1"), clientAt("127.0.0.2"));
  assert.equal(clientAt("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(clientAt("2001:db8:0:1::5"), clientAt("2001:0db8:0:1:aaaa:bbbb:cccc:dddd"));
  assert.equal(clientAt("2001:db8::1"), "2001:db8:0:0::/64");
  assert.notEqual(clientAt("2001:db8:0:1::5"), clientAt("2001:db8:0:2::5"));
  assert.equal(clientAt("::1"), "0:0:0:0::/64");
  assert.equal(clientAt("fe80::1%eth0"), clientAt("fe80::2"));
});

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
