import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { RegistryError } from "../../lab/models/mod.ts";
import { serviceUrl } from "../process/addresses.ts";
import { createServiceApp } from "./app.ts";
import { HttpError } from "./errors.ts";
import type { HealthOptions } from "./health.ts";
import { readSettings, type Settings } from "../process/settings.ts";

const settings: Settings = { ...readSettings(() => undefined), allowedHosts: ["lab.example"] };

function createApp(overrides: Partial<Settings> = {}, checks: HealthOptions["checks"] = {}) {
  const app = createServiceApp({ ...settings, ...overrides }, "training", { checks, figures: () => ({ runs: 2 }) });
  app.post("/change", (c) => c.json({ changed: true }));
  app.get("/socket", (c) => c.text("upgraded"));
  app.get("/teapot", () => {
    throw new HttpError(418, "I am a teapot.", { field: "pot" });
  });
  app.get("/damaged", () => {
    throw new RegistryError("models_metadata.json is not valid JSON");
  });
  app.get("/broken", () => {
    throw new TypeError("secret detail at /home/somebody/file.ts");
  });
  return app;
}

/** Runs `body` with a folder of built pages. */
async function withPages(body: (uiDir: string) => Promise<void>) {
  const uiDir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(uiDir, "assets"));
    await Deno.writeTextFile(join(uiDir, "training.html"), "<p>{{TRAINING_PAGE}} {{INFERENCE_PAGE}}</p>");
    await Deno.writeTextFile(join(uiDir, "assets", "training-ABC123.js"), "export {};");
    await body(uiDir);
  } finally {
    await Deno.remove(uiDir, { recursive: true });
  }
}

Deno.test("healthz answers ok, with the figures of the service", async () => {
  const response = await createApp().request("http://localhost:8000/healthz");
  assert.equal(response.status, 200);
  const { status, runs, memory_bytes, uptime_seconds } = await response.json();
  assert.deepEqual([status, runs], ["ok", 2]);
  assert.ok(memory_bytes > 1e6 && uptime_seconds >= 0);
});

Deno.test("healthz names each check, and a failing check makes it 503, without paths of this machine", async () => {
  const app = createApp({ modelsDir: "/home/zoe/models" }, {
    dataset: () => {},
    models: () => "/home/zoe/models/models_metadata.json has an odd entry",
    models_folder: () => {
      throw new RegistryError("cannot write to the models folder /home/zoe/models: permission denied");
    },
    other: () => {
      throw new TypeError("secret detail at /home/zoe/file.ts");
    },
  });
  const response = await app.request("http://localhost:8000/healthz");
  assert.equal(response.status, 503);
  const { status, checks } = await response.json();
  assert.equal(status, "not ready");
  assert.deepEqual(checks, {
    dataset: { ok: true },
    models: { ok: true, message: "MODELS_DIR/models_metadata.json has an odd entry" },
    models_folder: { ok: false, message: "cannot write to the models folder MODELS_DIR: permission denied" },
    other: { ok: false, message: "the service's log has the details" },
  });
});

Deno.test("every answer isolates its origin, even errors", async () => {
  const app = createApp();
  for (const path of ["/healthz", "/nothing", "/teapot"]) {
    const { headers } = await app.request(`http://localhost${path}`);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy")!, /script-src 'self' 'wasm-unsafe-eval';/);
  }
});

Deno.test("only requests to the service's names are answered", async () => {
  const app = createApp();
  const statusUnder = async (host: string) =>
    (await app.request("http://localhost/healthz", { headers: { host } })).status;
  for (const host of ["localhost:8000", "127.0.0.1", "[::1]:8000", "LAB.example:8000"]) {
    assert.equal(await statusUnder(host), 200, host);
  }
  assert.equal(await statusUnder("evil.example"), 403);
  assert.equal(await statusUnder("localhost.evil.example"), 403);
  assert.equal(await statusUnder("not a host"), 400);
});

Deno.test("the error for a foreign name says what to do", async () => {
  const response = await createApp().request("http://evil.example/healthz");
  assert.match((await response.json()).error, /"evil\.example".*ALLOWED_HOSTS/);
});

Deno.test("pages of another origin can neither change anything nor open a socket", async () => {
  const app = createApp();
  const send = async (method: string, path: string, headers: Record<string, string>) =>
    (await app.request(`http://localhost:8000${path}`, { method, headers })).status;
  const foreign = ["http://evil.example", "http://localhost:9999", "null", "nonsense"];
  for (const origin of foreign) {
    assert.equal(await send("POST", "/change", { origin }), 403, origin);
    assert.equal(await send("GET", "/socket", { origin, upgrade: "WebSocket" }), 403, origin);
  }
  assert.equal(await send("POST", "/change", { origin: "http://localhost:8000" }), 200);
  assert.equal(await send("POST", "/change", {}), 200);
  assert.equal(await send("GET", "/socket", { origin: "http://localhost:8000", upgrade: "websocket" }), 200);
});

Deno.test("an HttpError reaches the client with its message and fields", async () => {
  const response = await createApp().request("http://localhost/teapot");
  assert.equal(response.status, 418);
  assert.deepEqual(await response.json(), { error: "I am a teapot.", field: "pot" });
});

Deno.test("a models folder that cannot be used is a 503 that says so", async () => {
  const response = await createApp().request("http://localhost/damaged");
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), { error: "models_metadata.json is not valid JSON" });
});

Deno.test("no answer contains the paths of the lab's folders", async () => {
  const app = createApp({ modelsDir: "/home/zoe/models" });
  app.get("/full", () => {
    throw new RegistryError("cannot store a model in /home/zoe/models: the disk is full");
  });
  app.get("/unreadable", () => {
    throw new HttpError(409, "cannot read the file of model m1, /home/zoe/models/m1.pth: permission denied");
  });
  const full = await app.request("http://localhost/full");
  assert.deepEqual(await full.json(), { error: "cannot store a model in MODELS_DIR: the disk is full" });
  const unreadable = await app.request("http://localhost/unreadable");
  assert.deepEqual(await unreadable.json(), {
    error: "cannot read the file of model m1, MODELS_DIR/m1.pth: permission denied",
  });
});

Deno.test("details of any other error go to the log, not to the client", async () => {
  const logged: unknown[] = [];
  const { error } = console;
  console.error = (...parts) => logged.push(...parts);
  try {
    const response = await createApp().request("http://localhost/broken");
    assert.equal(response.status, 500);
    assert.deepEqual(await response.json(), { error: "internal error" });
  } finally {
    console.error = error;
  }
  assert.match(logged.join(" "), /TypeError: secret detail at .*file\.ts\n/);
});

Deno.test("an unknown address gets a JSON 404", async () => {
  const response = await createApp().request("http://localhost/nothing");
  assert.equal(response.status, 404);
  assert.match((await response.json()).error, /\/nothing/);
});

Deno.test("the page carries the ports of both services", async () => {
  await withPages(async (uiDir) => {
    const response = await createApp({ uiDir, trainingPort: 9100, inferencePort: 9101 }).request("http://localhost/");
    assert.equal(await response.text(), "<p>9100 9101</p>");
    assert.match(response.headers.get("content-type")!, /text\/html/);
    assert.equal(response.headers.get("cache-control"), "no-cache");
  });
});

Deno.test("answers below /api are not stored, so that Back does not show old lists", async () => {
  const app = createApp();
  app.get("/api/things", (c) => c.json([]));
  app.get("/api/kept", (c) => c.json([], 200, { "Cache-Control": "no-cache" }));
  for (const [path, cache] of [["things", "no-store"], ["kept", "no-cache"], ["missing", "no-store"]]) {
    const { headers } = await app.request(`http://localhost/api/${path}`);
    assert.equal(headers.get("cache-control"), cache, path);
  }
});

Deno.test("assets have a type, and browsers may keep them for ever", async () => {
  await withPages(async (uiDir) => {
    const response = await createApp({ uiDir }).request("http://localhost/assets/training-ABC123.js");
    assert.equal(await response.text(), "export {};");
    assert.match(response.headers.get("content-type")!, /text\/javascript/);
    assert.match(response.headers.get("cache-control")!, /immutable/);
  });
});

Deno.test("a precompressed asset is sent gzipped to clients that accept it", async () => {
  await withPages(async (uiDir) => {
    const asset = join(uiDir, "assets", "training-ABC123.js");
    await Deno.writeFile(`${asset}.gz`, gzipSync(await Deno.readFile(asset)));
    const app = createApp({ uiDir });
    for (
      const [accepted, encoding] of [["gzip, deflate, br", "gzip"], ["br;q=1.0", null], [undefined, null]] as const
    ) {
      const headers = new Headers(accepted === undefined ? {} : { "Accept-Encoding": accepted });
      const response = await app.request("http://localhost/assets/training-ABC123.js", { headers });
      const body = await response.bytes();
      assert.equal(response.headers.get("content-encoding"), encoding);
      assert.equal(response.headers.get("vary"), "Accept-Encoding");
      assert.match(response.headers.get("content-type")!, /text\/javascript/);
      assert.equal(new TextDecoder().decode(encoding === null ? body : gunzipSync(body)), "export {};");
    }
  });
});

Deno.test("no asset name leads outside the folder", async () => {
  await withPages(async (uiDir) => {
    const app = createApp({ uiDir });
    for (
      const name of [
        "a".repeat(254),
        "..%2Ftraining.html",
        "%2e%2e%2ftraining.html",
        "..%5Ctraining.html",
        ".",
        "a%00b",
        "%ff",
      ]
    ) {
      const headers = { "Accept-Encoding": "gzip" };
      const response = await app.request(`http://localhost/assets/${name}`, { headers });
      assert.equal(response.status, 404, name);
      await response.body?.cancel();
    }
  });
});

Deno.test("a service without built pages says how to build them", async () => {
  const response = await createApp({ uiDir: "/nowhere" }).request("http://localhost/");
  assert.equal(response.status, 503);
  assert.match((await response.json()).error, /deno task build/);
});

Deno.test("a link to the other service keeps the host name of the request", () => {
  const from = (url: string) => serviceUrl(new Request(url), settings, "inference");
  assert.equal(from("http://lab.example:8000/x"), "http://lab.example:8001");
  assert.equal(from("http://[::1]:8000/"), "http://[::1]:8001");
  assert.equal(from("https://lab.example/"), "https://lab.example:8001");
});

Deno.test("a service on all addresses answers under each of them, but not under foreign names", async () => {
  const app = createApp({ host: "0.0.0.0", token: undefined });
  const statusUnder = async (host: string) =>
    (await app.request("http://localhost/healthz", { headers: { host } })).status;
  for (const host of ["192.168.0.7:8000", "[fd00::2]:8000", "localhost"]) assert.equal(await statusUnder(host), 200);
  assert.equal(await statusUnder("evil.example"), 403);
  assert.equal(await statusUnder("192.168.0.7.evil.example"), 403);
});

Deno.test("a page of another origin may not even read, and an overlong address is refused", async () => {
  const app = createApp();
  const get = async (path: string, headers: Record<string, string>) =>
    (await app.request(`http://localhost:8000${path}`, { headers })).status;
  assert.equal(await get("/healthz", { origin: "http://evil.example" }), 403);
  assert.equal(await get("/healthz", { origin: "http://localhost:8000" }), 200);
  assert.equal(await get(`/healthz?${"x".repeat(9000)}`, {}), 414);
});

Deno.test("behind a proxy, the lab's own pages are known though the proxy changes the port or the whole Host header", async () => {
  const [trainingUrl, inferenceUrl] = ["https://lab.example", "https://lab.example:8443"];
  const status = async (overrides: Partial<Settings>, headers: Record<string, string>) =>
    (await createApp(overrides).request("http://localhost:8000/socket", { headers })).status;
  const origin = "https://lab.example";
  for (const host of ["lab.example", "lab.example:443", "LAB.example"]) {
    assert.equal(await status({}, { host, origin }), 200);
  }
  assert.equal(await status({}, { host: "lab.example", origin: "https://lab.example:8443" }), 403, "nobody vouches");
  const vouched = { "host": "lab.example", "origin": "https://lab.example:8443", "sec-fetch-site": "same-origin" };
  assert.equal(await status({}, vouched), 200);
  for (const host of ["127.0.0.1:8000", "lab.example", "lab.example:8000"]) {
    assert.equal(await status({ trainingUrl, inferenceUrl }, { host, origin }), 200, host);
    for (const foreign of ["http://evil.example", "https://lab.example:9999", "https://lab.example.evil.example"]) {
      assert.equal(await status({ trainingUrl, inferenceUrl }, { host, origin: foreign }), 403, foreign);
    }
  }
  assert.equal(await status({ trainingUrl: "https://new.example" }, { host: "new.example" }), 200, "an allowed host");
  assert.equal(await status({}, { "host": "evil.example", "sec-fetch-site": "same-origin" }), 403, "DNS rebinding");
});

Deno.test("links lead to the public addresses of the pages", async () => {
  await withPages(async (uiDir) => {
    await Deno.writeTextFile(join(uiDir, "training.html"), "{{TRAINING_PAGE}} {{INFERENCE_PAGE}} {{INFERENCE_URL}}/");
    const textWith = async (overrides: Partial<Settings>) =>
      await (await createApp({ uiDir, ...overrides }).request("https://lab.example/")).text();
    assert.equal(await textWith({}), "8000 8001 https://lab.example:8001/");
    assert.equal(
      await textWith({ inferenceUrl: "https://draw.example" }),
      "8000 https://draw.example https://draw.example/",
    );
  });
});
