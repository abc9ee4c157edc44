import assert from "node:assert/strict";
import { type Attack, COMMON_ATTACKS, refuses, requireHarmless } from "../../service/testing/hostile.ts";
import { formOf, withImportLab } from "../testing/open_lab.ts";
import { inTime } from "../../lab/in_time_testing.ts";
import { CONFIG } from "../testing/fakes.ts";
import { withLab } from "../testing/lab.ts";

const ATTACKS: Attack[] = [
  ...COMMON_ATTACKS,
  ...[
    "/api/runs/none",
    "/api/runs/..%2F..%2Fdeno.json",
    "/api/runs/%00/history.csv",
    "/api/runs/__proto__/curve.svg",
    "/api/runs/x/curve.svg",
    "/ws",
    "/ws/train",
    "/ws/runs/none",
    "/ws/runs/",
  ].map((path) => ({ name: `GET ${path}`, path })),
  { name: "a run's id longer than any", path: `/api/runs/${"x".repeat(201)}`, field: "id", status: 400 },
  { name: "DELETE of all", method: "DELETE", path: "/api/models", status: 404 },
  { name: "DELETE of a model that is none", method: "DELETE", path: "/api/models/none", status: 404 },
  { name: "DELETE outside", method: "DELETE", path: "/api/models/..%2F..%2Fdeno.json", status: 404 },
  { name: "DELETE of a long id", method: "DELETE", path: `/api/models/${"x".repeat(500)}`, field: "id" },
  {
    name: "DELETE by a foreign page",
    method: "DELETE",
    path: "/api/models/x",
    headers: { origin: "http://evil.example" },
    status: 403,
  },
  {
    name: "a model that claims to be huge",
    method: "POST",
    path: "/api/models",
    headers: { "content-length": "99999999999" },
    status: 413,
  },
];

/** Invalid values of each field of a configuration. */
const BAD_FIELDS: Record<string, unknown[]> = {
  model_type: [null, "", "simplenn", 1, ["SimpleNN"], {}, "x".repeat(10_000)],
  optimizer: [null, "adam", true, { $gt: "" }],
  learning_rate: [0, -1, 1.1, "0.1", null, 1e400, []],
  num_epochs: [0, 201, 1.5, "1", null],
  batch_size: [0, 2049, 1.5, null, {}],
  num_layers: [2, "1", -1],
  hidden_layers_config: ["128", [0], [2049], [1.5], ["16"], [null], new Array(9).fill(1), null, { length: 1 }],
  use_dropout: ["true", 1],
  dropout_p: [1, -0.1, "0.3", NaN],
  seed: [-1, 1.5, 2 ** 32, "1"],
  device: ["cuda", "", 1],
  start_from: ["", 1, "x".repeat(201), "none"],
  resume: ["", 1, "none", {}, "x".repeat(201)],
};

interface FirstMessage {
  name: string;
  data: string | Uint8Array<ArrayBuffer>;
  field?: string;
}

const FIRST_MESSAGES: FirstMessage[] = [
  ...Object.entries(BAD_FIELDS).flatMap(([field, values]) =>
    values.map((value, i) => {
      const config = field === "resume" ? { resume: value } : { ...CONFIG, [field]: value };
      // NaN and infinities become null, as a JavaScript client would send them.
      return { name: `${field} no. ${i}`, data: JSON.stringify(config), field };
    })
  ).filter(({ name }) => name !== "dropout_p no. 3"),
  ...["", "{", "hello", "[]", "1", "null", '"x"', "\0", "[".repeat(60_000), `{"a":${"[".repeat(60_000)}`].map(
    (data, i) => ({ name: `no configuration no. ${i}`, data }),
  ),
  ...[{ type: "abort" }, { type: "overwrite", value: true }, { type: {} }, { type: "x".repeat(9000) }, {}].map(
    (message, i) => ({ name: `another message no. ${i}`, data: JSON.stringify(message) }),
  ),
  { name: "a prototype", data: `{"__proto__":${JSON.stringify(CONFIG)}}`, field: "model_type" },
  { name: "over 64 KiB", data: JSON.stringify({ ...CONFIG, note: "x".repeat(70_000) }) },
  { name: "twenty thousand keys", data: `{${Array.from({ length: 12_000 }, () => '"":1').join(",")}}` },
  { name: "binary", data: Uint8Array.of(0, 1, 2, 255) },
  { name: "a megabyte of binary", data: new Uint8Array(2 ** 20) },
  { name: "resume with a setting", data: '{"resume":"run_1","num_epochs":3}' },
  { name: "resume with a mistyped field", data: '{"resume":"run_1","devcie":"wasm"}', field: "devcie" },
  { name: "a field without a name", data: JSON.stringify({ ...CONFIG, "": 1 }) },
  { name: "a field with a long name", data: JSON.stringify({ ...CONFIG, ["x".repeat(9000)]: 1 }) },
  ...["sed", "use_droput", "overwrite", "temperature", "type", "x".repeat(50)].map((field, i) => ({
    name: `an unknown field no. ${i}`,
    data: JSON.stringify({ ...CONFIG, [field]: 1 }),
    field,
  })),
];

Deno.test(`${ATTACKS.length} malformed requests are each refused with a message and in time, and the service keeps running`, async (t) => {
  await withLab(async (lab) => {
    lab.store.add();
    for (const attack of ATTACKS) await t.step(attack.name, () => refuses(lab.host, attack));
    assert.equal(lab.store.records.length, 1);
    assert.equal((await lab.getJson("/healthz")).status, 200);
  });
});

Deno.test(`${FIRST_MESSAGES.length} malformed first messages are each answered with an error, and nothing is trained`, async (t) => {
  await withLab(async (lab) => {
    for (const { name, data, field } of FIRST_MESSAGES) {
      await t.step(name, async () => {
        const client = await lab.connect("/ws/train");
        const start = performance.now();
        client.socket.send(data);
        const error = await client.next("error");
        assert.ok(performance.now() - start < 1000);
        requireHarmless(error.message, name);
        if (field !== undefined) {
          assert.equal(error.field?.split(".")[0], field, error.message);
          assert.ok(error.message.includes(field), error.message);
        }
        assert.equal(await client.end(), 1008);
      });
    }
    assert.deepEqual(lab.runs.list(), []);
    const client = await lab.train();
    await client.next("accepted");
  });
});

Deno.test("malformed messages during a run are each answered with a log message, and the run continues", async () => {
  await withLab(async (lab) => {
    const client = await lab.train();
    await client.next("accepted");
    const training = await lab.engine.next();
    const junk = FIRST_MESSAGES.filter(({ data }) => data !== '{"type":"abort"}').slice(0, 150);
    for (const { data } of junk) client.socket.send(data);
    for (const { name } of junk) requireHarmless((await client.next("log")).message, name);
    training.complete();
    await client.next("result");
  });
});

Deno.test("malformed imports are each refused, the error names the field, and nothing is stored", async (t) => {
  await withImportLab(async ({ post, registry }) => {
    const file = new Uint8Array(new TextEncoder().encode("PK\x03\x04 and no more"));
    const safetensors = (header: string) => {
      const json = new TextEncoder().encode(header);
      const bytes = new Uint8Array(8 + json.length);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(json, 8);
      return bytes;
    };
    const many = new FormData();
    for (let i = 0; i < 100; i++) many.append("epochs", "1");
    const cases: [name: string, body: BodyInit, query: string, field: string | undefined][] = [
      ["an empty body", "", "", "file"],
      ["a text", "hello", "", "file"],
      ["a zip cut short", file, "", "file"],
      ["a query field that is unknown", file, "?epochs=3", "epochs"],
      ["a query field of 500 signs", file, `?${"x".repeat(500)}=3`, "x".repeat(60)],
      ["a form without a file", new FormData(), "", "file"],
      ["a form of a hundred fields", many, "", undefined],
      ["a field that is unknown", formOf(file, "x.pth", { epochs: "3" }), "", "epochs"],
      ["a config that is no JSON", formOf(file, "x.pth", { config: "{" }), "", "config"],
      ["a config that is a list", formOf(file, "x.pth", { config: "[]" }), "", "config"],
      ["a config nested deeply", formOf(file, "x.pth", { config: "[".repeat(4000) }), "", "config"],
      ["a config too long", formOf(file, "x.pth", { config: " ".repeat(5000) }), "", "config"],
      [
        "widths without end",
        formOf(file, "x.pth", { hidden_layers_config: "1,".repeat(9000) }),
        "",
        "hidden_layers_config",
      ],
      ["a header nested deeply", safetensors(`{"a":{"dtype":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`), "", "file"],
      [
        "a header of endless shape",
        safetensors(`{"a":{"dtype":"F32","shape":[${"9,".repeat(99_999)}9],"data_offsets":[0,4]}}`),
        "",
        "file",
      ],
      ["a header of a prototype", safetensors('{"__proto__":{"dtype":"F32"}}'), "", "file"],
    ];
    for (const [name, body, query, field] of cases) {
      await t.step(name, async () => {
        const start = performance.now();
        const answer = await inTime(post(body, query), name);
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
        assert.ok(performance.now() - start < 2000, "a thread is started for each");
        requireHarmless(answer.body.error, name);
        assert.equal((answer.body as { field?: string }).field, field, answer.body.error);
      });
    }
    assert.deepEqual(await registry.list(), []);
  });
});
