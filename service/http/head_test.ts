import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { request } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parameterSpecs } from "../../core/models/spec.ts";
import { specOf } from "../../lab/models/mod.ts";
import { testModel } from "../../lab/models/registry_testing.ts";
import type { ModelRecord } from "../../protocol/mod.ts";
import { readSettings } from "../process/settings.ts";
import { createServiceApp } from "./app.ts";
import { addDigitRoutes } from "./dataset_routes.ts";
import { addModelRoutes } from "./model_routes.ts";
import { HttpServer } from "./server/http_server.ts";

/** The answer as it comes over the wire: not decoded. */
function ask(
  url: string,
  method: string,
  acceptEncoding: string,
): Promise<{ status: number; head: string[]; length: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { "accept-encoding": acceptEncoding } }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => {
        const { "content-length": length, "content-type": type, "content-encoding": encoding, etag } = response.headers;
        resolve({
          status: response.statusCode!,
          head: [length, type, encoding, etag].map(String),
          length: Buffer.concat(pieces).length,
        });
      });
    });
    sent.on("error", reject).end();
  });
}

Deno.test("HEAD is answered as GET is, with the length of the body that it leaves out", async () => {
  const uiDir = await Deno.makeTempDir();
  await Deno.mkdir(join(uiDir, "assets"));
  for (const page of ["training", "docs"]) await Deno.writeTextFile(join(uiDir, `${page}.html`), "page ä ".repeat(500));
  const script = new TextEncoder().encode("export {};".repeat(200));
  await Deno.writeFile(join(uiDir, "assets", "a-1.js"), script);
  await Deno.writeFile(join(uiDir, "assets", "b-1.js"), script);
  await Deno.writeFile(join(uiDir, "assets", "b-1.js.gz"), gzipSync(script));
  const record: ModelRecord = { id: "m1", filename: "m1.pth", timestamp: 1, ...testModel, note: "größer" };
  const weights = parameterSpecs(specOf(record)).map(({ name, shape }) => (
    { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) }
  ));
  let converted = 0;
  const app = createServiceApp({ ...readSettings(() => undefined), uiDir }, "training");
  addModelRoutes(app, {
    list: () => Promise.resolve([record]),
    get: (id) => Promise.resolve(id === "m1" ? record : undefined),
    readWeights: () => Promise.resolve((converted++, weights)),
    openPth: () => Promise.resolve({ size: 5, stream: new Blob(["bytes"]).stream() }),
    pthVersion: () => Promise.resolve("1"),
  });
  const labels = Uint8Array.of(3), images = new Uint8Array(784).fill(7);
  addDigitRoutes(app, { read: () => Promise.resolve({ count: 1, images, labels }) });
  const server = new HttpServer({ hostname: "127.0.0.1", port: 0 }, (request, info) => app.fetch(request, info));
  const files = ["pth", "safetensors", "onnx"].map((extension) => `/api/models/m1/model.${extension}`);
  const others = [
    "/",
    "/docs",
    "/assets/a-1.js",
    "/assets/b-1.js",
    "/api/models",
    "/api/models/m1",
    "/api/digits/0.png",
  ];
  try {
    for (
      const path of [...files, ...others, "/openapi.json", "/nothing", "/assets/none.js", "/api/models/none/model.pth"]
    ) {
      for (const encoding of ["identity", "gzip"]) {
        const url = `http://127.0.0.1:${server.addr.port}${path}`, before = converted;
        const head = await ask(url, "HEAD", encoding);
        assert.equal(converted, before, "nothing is converted for HEAD");
        const get = await ask(url, "GET", encoding);
        assert.deepEqual([head.status, head.head], [get.status, get.head], `${path}, ${encoding}`);
        assert.equal(Number(head.head[0]), get.length, `${path}, ${encoding}`);
        assert.equal(head.length, 0);
      }
    }
  } finally {
    await server.close();
    await Deno.remove(uiDir, { recursive: true });
  }
});
