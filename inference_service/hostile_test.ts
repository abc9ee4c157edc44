import assert from "node:assert/strict";
import { HttpServer } from "../service/http/server/http_server.ts";
import { deflateSync } from "node:zlib";
import { type Attack, COMMON_ATTACKS, refuses } from "../service/testing/hostile.ts";
import { DrawingReader } from "./drawing/drawing_reader.ts";
import { chunk, concat, header, SIGNATURE, writePng } from "./drawing/png/testing.ts";
import { PredictorCache } from "./predictor_cache.ts";
import { appOn, MemoryStore, params, pngUrl, record, stroke } from "./testing.ts";

const image_data = pngUrl(stroke());
const url = (png: Uint8Array) => `data:image/png;base64,${png.toBase64()}`;

/** Values of each field that its schema refuses. */
const BAD_PARAMS: Record<string, unknown[]> = {
  model_type: [null, "", "simplenn", 1, ["SimpleNN"], {}, "x".repeat(10_000)],
  optimizer: [null, "adam", true, { $gt: "" }],
  learning_rate_range: ["", "Middle", 0.001, null],
  batch_size: [0, -1, 2049, 1.5, "32", null, 1e308, [32]],
  epochs: [0, 201, "1", 0.5, null, -0.1],
  hidden_layers_config: ["128", [0], [2049], [1.5], ["128"], [null], new Array(9).fill(1), null, { length: 1 }, [[1]]],
  use_dropout: ["true", 1, "yes", {}],
};

const text = (name: string, body: string, expected: Partial<Attack> = {}): Attack => (
  { name, method: "POST", path: "/predict", body, ...expected }
);
const sent = (name: string, body: unknown, expected: Partial<Attack> = {}) =>
  text(name, JSON.stringify(body), expected);

const ATTACKS: Attack[] = [
  ...COMMON_ATTACKS,
  ...Object.entries(BAD_PARAMS).flatMap(([field, values]) =>
    values.map((value, i) =>
      sent(`${field} no. ${i}`, { params: { ...params, [field]: value }, image_data }, { status: 400 })
    )
  ),
  ...Object.keys(BAD_PARAMS).filter((field) => field !== "use_dropout").map((field) =>
    sent(`without ${field}`, { params: { ...params, [field]: undefined }, image_data }, { field: `params.${field}` })
  ),
  ...["", "{", "nul", "[]", "1", '"x"', "\0", "{'a':1}", "﻿", "\ud800"].map((body, i) =>
    text(`no JSON object no. ${i}`, body, { status: 400 })
  ),
  text("a nest of lists", "[".repeat(5_000_000), { status: 400 }),
  text("a nest in a field", `{"params":${'{"a":'.repeat(100_000)}`, { status: 400 }),
  text("a crowd of values", `{"params":[${"0,".repeat(3_000_000)}0]}`, { status: 400 }),
  text("a crowd of keys", `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(",")}}`, { status: 400 }),
  text("a prototype", `{"__proto__":{"params":{}},"image_data":"${image_data}"}`, { field: "params" }),
  text("bytes that are no UTF-8", new TextDecoder("latin1").decode(Uint8Array.of(0xff, 0xfe, 0x00)), { status: 400 }),
  sent("no picture", { params }, { field: "image_data" }),
  ...[
    null,
    1,
    "",
    "x",
    "data:image/jpeg;base64,AAAA",
    "data:image/png,AAAA",
    ["data:image/png;base64,"],
    "http://evil.example/x.png",
  ]
    .map((picture, i) =>
      sent(`a picture that is none no. ${i}`, { params, image_data: picture }, { field: "image_data" })
    ),
  ...["!!!!", "A", "AA=A", "AAAA", "data:", "iVBORw0KGgo="].map((data) =>
    sent(`base64 ${data}`, { params, image_data: `data:image/png;base64,${data}` }, { field: "image_data" })
  ),
  sent("a picture of a gigapixel", {
    params,
    image_data: url(concat(SIGNATURE, header({ width: 2 ** 31, height: 2 ** 31 }))),
  }, { field: "image_data" }),
  sent("a picture too wide", { params, image_data: url(writePng({ width: 2049, height: 1 })) }, {
    field: "image_data",
  }),
  sent(
    "a picture of nothing",
    { params, image_data: url(writePng({ width: 0, height: 0, data: new Uint8Array(9) })) },
    { field: "image_data" },
  ),
  sent("a zlib bomb", {
    params,
    image_data: url(writePng({ width: 2000, height: 2000, data: deflateSync(new Uint8Array(2 ** 26)) })),
  }, { field: "image_data" }),
  sent("a picture with too little", {
    params,
    image_data: url(writePng({ width: 2000, height: 2000, data: deflateSync(new Uint8Array(9)) })),
  }, { field: "image_data" }),
  sent("chunks without end", {
    params,
    image_data: url(concat(SIGNATURE, header({ width: 1, height: 1 }), ...new Array(20_001).fill(chunk("tEXt")))),
  }, { field: "image_data" }),
  sent("a blank page", { params, image_data: url(writePng({ width: 9, height: 9 })) }, { status: 400 }),
  sent("a model that is none", { model_id: "none", image_data }, { status: 404 }),
  ...[1, "", "x".repeat(201), {}].map((model_id, i) =>
    sent(`model_id no. ${i}`, { model_id, image_data }, { field: "model_id", status: 400 })
  ),
  sent("neither params nor model", { image_data }, { field: "params" }),
  sent("params and model that are null", { params: null, model_id: null, image_data }, { field: "params" }),
  sent("a mistyped field", { params, modle_id: "m", image_data }, { field: "modle_id", status: 400 }),
  sent("a mistyped param", { params: { ...params, epoch: 3 }, image_data }, { field: "params.epoch", status: 400 }),
  sent("params that are a text", { params: "x", image_data }, { field: "params" }),
  {
    name: "a body that claims to be huge",
    method: "POST",
    path: "/predict",
    headers: { "content-length": "99999999999" },
    status: 413,
  },
  {
    name: "chunks that are none",
    method: "POST",
    path: "/predict",
    headers: { "transfer-encoding": "chunked" },
    body: "zz\r\n",
  },
  { name: "GET /predict", path: "/predict", status: 404 },
];

Deno.test(`${ATTACKS.length} malformed requests are each refused with a message and in time, and the service keeps running`, async (t) => {
  const drawings = new DrawingReader();
  const probabilities = new Float32Array(10).fill(0.1);
  const app = appOn(
    new MemoryStore([record()]),
    new PredictorCache(() => Promise.resolve({ predict: () => Promise.resolve(probabilities), close() {} })),
    drawings,
  );
  const server = new HttpServer(
    { hostname: "127.0.0.1", port: 0 },
    (request, info) => app.fetch(request, info),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  try {
    // The first large drawing starts the worker that reads them.
    const large = writePng({ width: 1100, height: 1100, sample: (x, y) => x === y ? 255 : 0 });
    await drawings.read(new Uint8Array(large));
    for (const attack of ATTACKS) await t.step(attack.name, () => refuses(host, attack));
    const body = JSON.stringify({ params, image_data });
    const response = await fetch(`http://${host}/predict`, { method: "POST", body });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).probabilities.length, 10);
  } finally {
    drawings.close();
    await server.shutdown();
  }
});
