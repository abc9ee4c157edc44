import assert from "node:assert/strict";
import { join } from "node:path";
import { checkAnswer } from "../api/answers_testing.ts";
import { readSettings } from "../process/settings.ts";
import { createServiceApp } from "./app.ts";
import { TokenGuesses } from "./check_token.ts";

const TOKEN = "open+sesame/1";
const QUERY = `token=${encodeURIComponent(TOKEN)}`;

function createApp(uiDir = "/nowhere") {
  const app = createServiceApp({ ...readSettings(() => undefined), token: TOKEN, uiDir }, "training");
  app.get("/api/thing", (c) => c.json({ secret: 1 }));
  app.post("/api/thing", (c) => c.json({ changed: true }));
  app.get("/ws/thing", (c) => c.text("upgraded"));
  return (path: string, headers: Record<string, string> = {}, method = "GET") =>
    app.request(`http://localhost:8000${path}`, { method, headers });
}

/** The cookie that a first visit sets. */
async function cookieOf(ask: ReturnType<typeof createApp>): Promise<string> {
  const response = await ask(`/?${QUERY}`);
  return response.headers.get("set-cookie")!.split(";")[0];
}

Deno.test("without the token every request is refused, and the error says what to do", async () => {
  const ask = createApp();
  for (const [method, path] of [["GET", "/"], ["GET", "/healthz"], ["GET", "/api/thing"], ["POST", "/api/thing"]]) {
    const response = await ask(path, {}, method);
    assert.equal(response.status, 401, path);
    assert.match(response.headers.get("www-authenticate")!, /^Bearer/);
    assert.match((await response.json()).error, /\?token=.*Authorization: Bearer/);
  }
  assert.equal((await ask("/ws/thing", { upgrade: "websocket" })).status, 401);
});

Deno.test("the token is accepted in the header, and in the address for clients without cookies", async () => {
  const ask = createApp();
  assert.equal((await ask("/api/thing", { authorization: `Bearer ${TOKEN}` })).status, 200);
  assert.equal((await ask("/api/thing", { authorization: `bearer ${TOKEN}` }, "POST")).status, 200);
  assert.equal((await ask(`/api/thing?${QUERY}`)).status, 200);
  assert.equal((await ask(`/api/thing?${QUERY}`, {}, "POST")).status, 200);
  assert.equal((await ask(`/ws/thing?${QUERY}`, { upgrade: "websocket" })).status, 200);
});

Deno.test("a wrong token is refused, however close it is", async () => {
  const ask = createApp();
  const wrong = ["", "x", TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), "%00", "é".repeat(1000)];
  for (const token of wrong) {
    assert.equal((await ask(`/?token=${encodeURIComponent(token)}`)).status, 401, token);
    assert.equal((await ask("/", { cookie: `lab_token=${encodeURIComponent(token)}` })).status, 401, token);
  }
  assert.equal((await ask("/api/thing", { authorization: `Bearer ${TOKEN}x` })).status, 401);
  assert.equal((await ask("/api/thing", { authorization: `Basic ${TOKEN}` })).status, 401);
  assert.equal((await ask("/", { cookie: `lab_token=${TOKEN}` })).status, 401, "the cookie is not the token itself");
});

Deno.test("a first visit sets a cookie that scripts cannot read, and is redirected to the address without the token", async () => {
  const ask = createApp();
  const response = await ask(`/?model_type=ConvNN&${QUERY}&epochs=2`);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/?model_type=ConvNN&epochs=2");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const cookie = response.headers.get("set-cookie")!;
  assert.match(cookie, /^lab_token=[\w-]{43}; /);
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Lax/);
  assert.match(cookie, /Path=\//);
  assert.doesNotMatch(cookie, /sesame/);
  assert.equal((await ask("/api/thing", { cookie: await cookieOf(ask) })).status, 200);
  assert.equal((await ask("/api/thing", { cookie: await cookieOf(ask) }, "POST")).status, 200);
});

Deno.test("the redirect stays in this lab, whatever the address looks like", async () => {
  const ask = createApp();
  for (const path of ["//evil.example/", "/\\evil.example/", "/%2F/evil.example"]) {
    const location = (await ask(`${path}?${QUERY}`, { accept: "text/html" })).headers.get("location")!;
    assert.equal(new URL(location, "http://localhost:8000/").host, "localhost:8000", path);
  }
});

Deno.test("a browser gets a page with a field for the token, and the page keeps the rest of the address, escaped", async () => {
  const uiDir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      join(uiDir, "locked.html"),
      '<form action="{{PATH}}"><!-- fields --></form><!-- error -->',
    );
    const ask = createApp(uiDir);
    const query = `epochs=2&model_type=${encodeURIComponent('"><script>$&')}&token=wrong`;
    const response = await ask(`/docs?${query}`, { accept: "text/html,*/*" });
    assert.equal(response.status, 401);
    assert.match(response.headers.get("content-type")!, /text\/html/);
    assert.match(response.headers.get("content-security-policy")!, /frame-ancestors 'none'/);
    assert.equal(
      await response.text(),
      '<form action="/docs"><input type="hidden" name="epochs" value="2">' +
        '<input type="hidden" name="model_type" value="&quot;&gt;&lt;script&gt;$&amp;"></form>' +
        '<p class="error" role="alert">That is not the token of this lab.</p>',
    );
  } finally {
    await Deno.remove(uiDir, { recursive: true });
  }
});

Deno.test("an address that guesses has to wait longer and longer; others and those with the cookie do not", async () => {
  const app = createServiceApp({ ...readSettings(() => undefined), token: TOKEN, uiDir: "/nowhere" }, "training");
  const ask = (hostname: string, headers: Record<string, string>, query = "") =>
    app.request(`http://localhost:8000/healthz${query}`, { headers }, { remoteAddr: { hostname } });
  const cookie = `lab_token=${
    (await app.request(`http://localhost:8000/?${QUERY}`)).headers.get("set-cookie")!.split(";")[0].split("=")[1]
  }`;
  assert.equal((await ask("10.0.0.1", { cookie })).status, 200);
  const statuses: number[] = [];
  for (let guess = 0; guess < 200; guess++) {
    statuses.push((await ask("10.0.0.1", { authorization: `Bearer guess${guess}` })).status);
  }
  assert.equal(statuses.filter((status) => status === 401).length, 20);
  const waiting = await ask("10.0.0.1", {}, `?${QUERY}`);
  assert.equal(waiting.status, 429, "not even the right one is looked at");
  assert.match(waiting.headers.get("retry-after")!, /^[1-8]$/);
  assert.match((await waiting.json()).error, /Too many wrong tokens.*try again in \d s/);
  assert.equal((await ask("10.0.0.1", { cookie })).status, 200);
  assert.equal((await ask("10.0.0.2", { authorization: `Bearer ${TOKEN}` })).status, 200);
  for (let guess = 0; guess < 50; guess++) await ask("10.0.0.1", { cookie: `lab_token=${guess}` });
  assert.equal((await ask("10.0.0.1", { cookie })).status, 429, "guessed cookies are slowed, too");
});

Deno.test("waits double up to eight seconds, and end", () => {
  let now = 0;
  const guesses = new TokenGuesses(() => now);
  for (let guess = 0; guess < 20; guess++) guesses.noteWrong("a");
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    waits.push(guesses.waitOf("a"));
    now += guesses.waitOf("a");
    assert.equal(guesses.waitOf("a"), 0);
    guesses.noteWrong("a");
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

Deno.test("the refusals that any request may get are described in /openapi.json", async () => {
  const ask = createApp(), headers = { authorization: `Bearer ${TOKEN}` };
  const document = await (await ask("/openapi.json", headers)).json();
  const refused = async (status: number, headers: Record<string, string>, path = "/openapi.json") => {
    const response = await ask(path, headers);
    assert.equal(response.status, status);
    await checkAnswer(document, response, "/openapi.json");
  };
  await refused(403, { ...headers, origin: "http://evil.example" });
  await refused(414, headers, `/openapi.json?${"x".repeat(9000)}`);
  const wrong = { authorization: "Bearer wrong" };
  for (let i = 0; i < 20; i++) await refused(401, wrong);
  await refused(429, wrong);
});
