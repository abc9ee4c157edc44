import assert from "node:assert/strict";
import { HttpError } from "../errors.ts";
import { asClientSent } from "./forwarded.ts";
import { parseHead } from "./request_head.ts";

const PROXIES = new Set(["127.0.0.1", "10.0.0.2"]);

/** Address, URL and Host header of a request with `headers` that comes from `peer`. */
function seen(headers: string[], peer = "127.0.0.1"): [client: string, url: string, host: string | undefined] {
  const head = parseHead(["GET /x?y=1 HTTP/1.1", "Host: 127.0.0.1:18100", ...headers, "", ""].join("\r\n"));
  const sent = asClientSent(head, peer, PROXIES);
  return [sent.client, sent.head.url, sent.head.headers.find(([name]) => name === "host")?.[1]];
}

Deno.test("the word of a trusted proxy is taken, in either kind of headers", () => {
  const expected = ["192.0.2.7", "https://lab.example/x?y=1", "lab.example"];
  const customary = ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: lab.example"];
  assert.deepEqual(seen(customary), expected);
  assert.deepEqual(seen(["Forwarded: for=192.0.2.7;proto=https;host=lab.example"]), expected);
  assert.deepEqual(seen(['forwarded: For="192.0.2.7:4711"; Proto="HTTPS"; Host="lab.example"']), expected);
  assert.deepEqual(seen([...customary, "Forwarded: for=192.0.2.7"]), expected);
  assert.deepEqual(seen(["X-Forwarded-Proto: wss"]), seen(["X-Forwarded-Proto: https"]));
  assert.deepEqual(seen(["X-Forwarded-Proto: https"]), [
    "127.0.0.1",
    "https://127.0.0.1:18100/x?y=1",
    "127.0.0.1:18100",
  ]);
  assert.deepEqual(seen([]), ["127.0.0.1", "http://127.0.0.1:18100/x?y=1", "127.0.0.1:18100"]);
  const sixth = ['Forwarded: for="[2001:DB8::0:1]:80"'];
  assert.equal(seen(sixth)[0], "2001:db8::1");
});

Deno.test("what anyone else says is not taken", () => {
  const headers = [
    "X-Forwarded-For: 192.0.2.7",
    "X-Forwarded-Host: evil.example",
    "Forwarded: for=192.0.2.8;proto=https",
  ];
  assert.deepEqual(seen(headers, "192.0.2.1"), ["192.0.2.1", "http://127.0.0.1:18100/x?y=1", "127.0.0.1:18100"]);
});

Deno.test("addresses that the client wrote itself before those of the proxies do not count", () => {
  assert.equal(seen(["X-Forwarded-For: 1.2.3.4, 192.0.2.7"])[0], "192.0.2.7");
  assert.equal(seen(["X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 192.0.2.7, 10.0.0.2"])[0], "192.0.2.7");
  assert.equal(seen(["Forwarded: for=1.2.3.4, for=192.0.2.7;proto=https, for=10.0.0.2;proto=http"])[0], "192.0.2.7");
  assert.equal(seen(["X-Forwarded-For: 1.2.3.4, unknown"])[0], "127.0.0.1");
  assert.equal(seen(["X-Forwarded-For: 1.2.3.4, <script>, 10.0.0.2"])[0], "10.0.0.2");
});

Deno.test("behind two proxies, scheme and host are those of the outer one", () => {
  const chain = [
    "X-Forwarded-For: 192.0.2.7, 10.0.0.2",
    "X-Forwarded-Proto: https, http",
    "X-Forwarded-Host: lab.example",
  ];
  assert.equal(seen(chain)[1], "https://lab.example/x?y=1");
  assert.equal(
    seen(["Forwarded: for=192.0.2.7;proto=https;host=lab.example, for=10.0.0.2;proto=http"])[1],
    "https://lab.example/x?y=1",
  );
  const claimed = ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: gopher, https"];
  assert.equal(seen(claimed)[1], "https://127.0.0.1:18100/x?y=1");
});

Deno.test("contradictions and nonsense are refused", () => {
  for (
    const headers of [
      ["X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.8"],
      ["X-Forwarded-Host: lab.example/path"],
      ["X-Forwarded-Host: user@lab.example"],
      ["X-Forwarded-Proto: javascript"],
    ]
  ) {
    assert.throws(() => seen(headers), (error) => error instanceof HttpError && error.status === 400, headers.join());
  }
});
