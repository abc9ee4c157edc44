import assert from "node:assert/strict";
import { inTime } from "../../../lab/in_time_testing.ts";
import { withBody } from "../request.ts";
import { type ClientInfo, HttpServer, type HttpServerOptions } from "./http_server.ts";
import { ListenerState } from "./listener_state.ts";

/** Serves for the time of `body`, which gets what sends text and gives all that comes until the server hangs up. */
async function withServer(
  body: (ask: (text: string) => Promise<string>, open: () => Promise<Deno.TcpConn>) => Promise<void>,
  options: Partial<HttpServerOptions> = {},
  handler: (request: Request, info?: ClientInfo) => Response | Promise<Response> = echo,
) {
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0, ...options }, handler);
  const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const ask = async (text: string) => {
    const connection = await open();
    // One byte for each character.
    await connection.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    return await inTime(new Response(connection.readable).text().catch(() => "reset"), "the end");
  };
  try {
    await body(ask, open);
  } finally {
    await server.close();
  }
}

const LIMITS = { maxBytes: 1e6, deadlineMs: 5000 };

async function echo(request: Request, info?: ClientInfo): Promise<Response> {
  const text = await withBody(request, LIMITS, "x", (bytes) => new TextDecoder().decode(bytes));
  return Response.json({ method: request.method, url: request.url, text, from: info?.remoteAddr.hostname });
}

const GET = "GET /a?b=1 HTTP/1.1\r\nHost: localhost\r\n";

Deno.test("requests on one connection are answered one after the other", async () => {
  await withServer(async (ask) => {
    const post =
      "POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nGr\xc3\r\n1\r\n\xbc\r\n0\r\nA: b\r\n\r\n";
    const text = await ask(`${GET}\r\n${post}${GET}Connection: close\r\n\r\n`);
    assert.equal(text.match(/HTTP\/1.1 200 OK/g)!.length, 3);
    assert.match(text, /"text":"Grü","from":"127.0.0.1"/);
    assert.match(text, /"url":"http:\/\/localhost\/a\?b=1"/);
  });
});

const MALFORMED = [
  "GET / HTTP/1.1\r\n\r\n",
  "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
  "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
  "get / HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
  "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
  "GET / HTTP/1.1\nHost: a\n\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
  "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
];

Deno.test("a head that two programs might understand differently is refused, and the connection closed", async () => {
  await withServer(async (ask) => {
    for (const head of MALFORMED) assert.match(await ask(head + GET), /^HTTP\/1.1 400 Bad Request\r\n/, head);
    assert.match(await ask(`GET / HTTP/1.1\r\nX: ${"x".repeat(40_000)}`), /^HTTP\/1.1 431 /);
    assert.match(await ask(`GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(200)}\r\n`), /^HTTP\/1.1 400 /);
  }, { onError: () => Response.json({}, { status: 400 }) });
});

Deno.test("malformed chunks are refused", async () => {
  await withServer(async (ask) => {
    for (const body of ["zz\r\n", "1\r\nab\r\n", "1\r\na\n0\r\n\r\n", "-1\r\n\r\n", `1${";".repeat(300)}\r\n`]) {
      const text = await ask(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
      assert.match(text, /^HTTP\/1.1 400 [^]*the chunks of the body are malformed/, body);
    }
  }, { onError: (error) => Response.json({ error: (error as Error).message }, { status: 400 }) });
});

Deno.test("chunks arrive complete, however they are cut, and the next request after them", async () => {
  const sizes = [1, 2, 300, 1, 20_000, 7], text = "abcdefghij".repeat(2031) + "k";
  let at = 0;
  const chunks = sizes.map((size) => `${size.toString(16)};x=1\r\n${text.slice(at, at += size)}\r\n`);
  const request =
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\nA: b\r\n\r\n` +
    `${GET}Connection: close\r\n\r\n`;
  assert.equal(at, text.length);
  await withServer(async (_ask, open) => {
    for (const step of [1, 3, 700, request.length]) {
      const connection = await open(), bytes = new TextEncoder().encode(request);
      for (let sent = 0; sent < bytes.length;) {
        // Small pieces only around the small chunks.
        const size = sent < 1000 || sent > 20_500 ? step : 4096;
        sent += await connection.write(bytes.subarray(sent, sent + size));
        if (step < 100) await new Promise((resolve) => setImmediate(resolve));
      }
      const answers = await inTime(new Response(connection.readable).text(), "the answers");
      assert.ok(answers.includes(`"text":"${text}"`), `in steps of ${step}`);
      assert.equal(answers.match(/HTTP\/1.1 200/g)!.length, 2);
    }
  });
});

Deno.test("nothing of a body that was refused is taken for a request", async () => {
  const body = `${GET}\r\n`;
  const sent = {
    chunked: `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    declared: `Content-Length: ${body.length}\r\n\r\n${body}`,
  };
  const limits = { maxBytes: 10, deadlineMs: 5000 };
  await withServer(
    async (ask) => {
      for (const [how, rest] of Object.entries(sent)) {
        const answers = await ask(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
        assert.deepEqual(answers.match(/HTTP\/1.1 \d+/g), ["HTTP/1.1 413"], how);
      }
    },
    { onError: () => Response.json({}, { status: 413 }) },
    (request) => withBody(request, limits, "x", () => new Response("ok")),
  );
});

const TIMES = { headMs: 300, keepAliveMs: 300, sendMs: 300, lingerMs: 200 };

Deno.test("a head that never ends, a silent connection and one that does not read are cut", async () => {
  const large = new Uint8Array(64 * 2 ** 20);
  await withServer(
    async (ask, open) => {
      const began = performance.now();
      assert.equal(await ask("GET / HTTP/1.1\r\nHost: "), "");
      assert.equal(await ask(""), "");
      assert.match(await ask(`${GET}\r\n`), /^HTTP\/1.1 200 OK/);
      using deaf = await open();
      await deaf.write(new TextEncoder().encode("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      await inTime(cut.promise, "the end of a download that nobody reads");
      assert.ok(performance.now() - began < 5000);
    },
    { times: TIMES },
    (request, info) => {
      if (!request.url.endsWith("/large")) return echo(request, info);
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(large.subarray(0, 65536)),
        cancel: () => cut.resolve(),
      });
      return new Response(body, { headers: { "content-length": `${large.length}` } });
    },
  );
});

const cut = Promise.withResolvers<void>();

Deno.test("beyond the limit a new connection takes the place of the one that is idle for longest", async () => {
  await withServer(async (_ask, open) => {
    const idle = [await open(), await open(), await open()];
    await idle[0].read(new Uint8Array(1)).catch(() => null);
    using fourth = await open();
    await fourth.write(new TextEncoder().encode(`${GET}Connection: close\r\n\r\n`));
    assert.match(await new Response(fourth.readable).text(), /^HTTP\/1.1 200 OK/);
    for (const connection of idle) connection.close();
  }, { limits: { inAll: 8, perClient: 2 } });
});

Deno.test("a listener that ends is opened again, and /healthz says so", async () => {
  const listen = Deno.listen, listeners: Deno.TcpListener[] = [];
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options);
    listeners.push(listener);
    return listener;
  }) as typeof Deno.listen;
  const state = new ListenerState();
  try {
    await withServer(async (ask) => {
      assert.equal(state.describe(), undefined);
      listeners[0].close();
      assert.match(await inTime(again(() => ask(`${GET}Connection: close\r\n\r\n`)), "a new listener"), /200 OK/);
      assert.ok(listeners.length > 1);
      assert.match(state.describe()!, /^until \d s ago no connection could be taken for \d s: /);
    }, { state });
  } finally {
    Deno.listen = listen;
  }
});

async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

Deno.test("connections of a trusted proxy are not limited as one client's, and each request is its own client's", async () => {
  const clients: unknown[] = [], { promise: allCame, resolve } = Promise.withResolvers<void>();
  const options = { trustedProxies: ["127.0.0.1"], limits: { perClient: 2, inAll: 8 } };
  await withServer(
    async (ask) => {
      const answers = await Promise.all(
        [1, 2, 3, 4].map((i) => ask(`${GET}X-Forwarded-For: 192.0.2.${i}\r\nConnection: close\r\n\r\n`)),
      );
      for (const answer of answers) assert.match(answer, /^HTTP\/1.1 200 /);
      assert.deepEqual(clients.sort(), ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
      assert.match(await ask(`${GET}X-Forwarded-Host: a/b\r\n\r\n`), /^HTTP\/1.1 400 .*no host/s);
    },
    options,
    async (_request, info) => {
      if (clients.push(info?.remoteAddr.hostname) === 4) resolve();
      await allCame;
      return new Response("ok");
    },
  );
});

/** Lets each next connection seem to come from one of `addresses`. */
async function withPeers(addresses: readonly string[], body: () => Promise<void>) {
  const listen = Deno.listen, left = [...addresses];
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options), accept = listener.accept.bind(listener);
    listener.accept = async () => {
      const channel = await accept();
      return Object.defineProperty(channel, "remoteAddr", { value: { hostname: left.shift() } });
    };
    return listener;
  }) as typeof Deno.listen;
  try {
    await body();
  } finally {
    Deno.listen = listen;
  }
}

Deno.test("a network of 64 bits is one client, in what the app is told and in the number of its connections", async () => {
  const peers = ["2001:db8:0:1::5", "2001:db8:0:1:a:b:c:d", "2001:db8:0:1::6", "2001:db8:0:2::5"];
  await withPeers(peers, () =>
    withServer(async (ask, open) => {
      assert.match(await ask(`${GET}Connection: close\r\n\r\n`), /"from":"2001:db8:0:1::\/64"/);
      using silent = await open();
      const busy = await ask(`${GET}Connection: close\r\n\r\n`);
      assert.match(busy, /"from":"2001:db8:0:1::\/64"/);
      const end = silent.read(new Uint8Array(1)).catch(() => null);
      assert.equal(await inTime(end, "the end of the connection that gave its place up", 1000), null);
      assert.match(await ask(`${GET}Connection: close\r\n\r\n`), /"from":"2001:db8:0:2::\/64"/);
    }, { limits: { inAll: 8, perClient: 1 } }));
});

Deno.test("a network of 64 bits behind a trusted proxy is one client", async () => {
  await withServer(async (ask) => {
    for (const address of ["2001:db8:0:1::5", "2001:DB8:0:1::ffff"]) {
      const text = await ask(`${GET}X-Forwarded-For: ${address}\r\nConnection: close\r\n\r\n`);
      assert.match(text, /"from":"2001:db8:0:1::\/64"/);
    }
  }, { trustedProxies: ["127.0.0.1"] });
});
