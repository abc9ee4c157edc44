import assert from "node:assert/strict";
import { Hono } from "hono";
import { Log, type LogLevel, type LogOptions } from "./log.ts";
import { logRequests } from "../http/app.ts";

function recorded(options: LogOptions) {
  const lines: [LogLevel, string][] = [];
  const log = new Log((level, line) => lines.push([level, line]), () => new Date(0));
  log.configure(options);
  return { log, lines, texts: () => lines.map(([, line]) => line) };
}

Deno.test("only lines of the chosen level and above are written", () => {
  for (const [level, count] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const) {
    const { log, lines } = recorded({ level, format: "text" });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    assert.equal(lines.length, count);
    assert.equal(log.enabled("info"), count >= 3);
  }
});

Deno.test("a text line stays one readable line, whatever a client wrote", () => {
  const { log, texts } = recorded({ level: "info", format: "text" });
  log.info("run accepted", { run: "run_1", optimizer: "Adam", batch_size: 32, device: undefined });
  log.info("request", { path: "/a b\n1970 error forged \u001b[31m\u202e", status: 404 });
  assert.deepEqual(texts(), [
    "1970-01-01T00:00:00.000Z info  run accepted run=run_1 optimizer=Adam batch_size=32",
    '1970-01-01T00:00:00.000Z info  request path="/a b\\n1970 error forged \\u001b[31m\\u202e" status=404',
  ]);
});

Deno.test("JSON has one object per line, with the stack of the error", () => {
  const { log, texts } = recorded({ level: "info", format: "json" });
  log.error("request failed", { path: "/x\ny" }, new TypeError("no such thing"));
  const [text] = texts();
  assert.ok(!text.includes("\n"));
  const { time, level, event, path, cause } = JSON.parse(text);
  assert.deepEqual([time, level, event, path], ["1970-01-01T00:00:00.000Z", "error", "request failed", "/x\ny"]);
  assert.match(cause, /^TypeError: no such thing\n +at .*log_test\.ts/);
});

Deno.test("each request is logged as one line without query and body, assets and predictions only at debug", async () => {
  for (const level of ["info", "debug"] as const) {
    const { log, texts } = recorded({ level, format: "json" });
    const app = new Hono();
    app.use(logRequests(log));
    app.get("/", (c) => c.text("page"));
    app.get("/assets/a.js", (c) => c.text("code"));
    app.post("/predict", (c) => c.text("7"));
    app.post("/api/models", (c) => c.text("secret answer", 400));
    app.get("/api/broken", (c) => c.text("", 500));
    await app.request("/?token=secret");
    await app.request("/assets/a.js");
    await app.request("/predict", { method: "POST", body: "secret body" });
    await app.request("/api/models?token=secret", { method: "POST", body: "secret body" });
    await app.request("/api/broken");
    const told = texts().map((text) => JSON.parse(text)).map(({ level, path, status }) => `${level} ${path} ${status}`);
    const loud = ["info / 200", "info /api/models 400", "warn /api/broken 500"];
    const quiet = ["debug /assets/a.js 200", "debug /predict 200"];
    assert.deepEqual(told, level === "info" ? loud : [loud[0], ...quiet, ...loud.slice(1)]);
    assert.doesNotMatch(texts().join(), /secret/);
  }
});

Deno.test("a log that cannot be written is not an error", () => {
  const { log: print } = console;
  console.log = () => {
    throw new Error("Broken pipe");
  };
  try {
    const log = new Log();
    log.configure({ level: "info", format: "text" });
    log.info("nobody reads this");
  } finally {
    console.log = print;
  }
});
