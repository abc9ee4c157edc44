import assert from "node:assert/strict";
import { HttpServer } from "./http_server.ts";

Deno.test("compressed bytes are sent unchanged, whatever their type says", async () => {
  const stream = new Blob([".card { color: red; }".repeat(500)]).stream().pipeThrough(new CompressionStream("gzip"));
  const zipped = await new Response(stream).bytes();
  const headers = { "content-type": "text/css; charset=utf-8", "content-encoding": "gzip" };
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, () => new Response(zipped, { headers }));
  try {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
    assert.match(await response.text(), /^\.card \{ color: red; \}/);
  } finally {
    await server.shutdown();
  }
});
