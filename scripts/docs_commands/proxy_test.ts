/** Runs nginx with the configuration that docs/proxy.md shows in front of a lab that its command starts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePorts } from "../../service/testing/free_ports.ts";
import type { Browser } from "playwright-core";
import { CHROMIUM, openChromium } from "../../ui/testing/chromium.ts";
import { eventually } from "../../ui/testing/eventually.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";
import { blocksOf } from "./read_docs.ts";
import { Reader } from "./reader_testing.ts";

const TOKEN = "choose-a-word";
/** The proxy's ports in the document. */
const TRAINING = 443, INFERENCE = 8443;
const HOSTS = { [TRAINING]: "lab.example", [INFERENCE]: "lab.example:8443" };
/** Wrong tokens after which an address has to wait. */
const GUESSES = 30;

/** Debian's lies where only root's PATH leads. */
const NGINX = await isInstalled("nginx", "-v") ? "nginx" : "/usr/sbin/nginx";
const hasNginx = await isInstalled(NGINX, "-v") && await isInstalled("openssl", "version");

async function isInstalled(program: string, flag: string): Promise<boolean> {
  return await new Deno.Command(program, { args: [flag], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);
}

async function blockOf(language: string): Promise<string> {
  const text = await Deno.readTextFile(join(PROJECT_DIR, "docs/proxy.md"));
  const [block, ...more] = blocksOf("docs/proxy.md", text, [language]);
  assert.deepEqual(more, []);
  return block.text;
}

/** A running proxy, as a browser sees it that knows `lab.example`. */
class Proxy {
  readonly #ports: Readonly<Record<number, number>>;
  readonly #certificate: string;

  constructor(ports: Record<number, number>, certificate: string) {
    this.#ports = ports;
    this.#certificate = certificate;
  }

  /** Asks a page's service from `address`, one of this machine's. */
  async ask(page: keyof typeof HOSTS, path: string, init: RequestInit = {}, address = "127.0.0.5") {
    using client = this.#clientFrom(address);
    const headers = { host: HOSTS[page], authorization: `Bearer ${TOKEN}`, ...init.headers as Record<string, string> };
    const options = { redirect: "manual" as const, ...init, headers, client };
    const response = await fetch(`https://127.0.0.1:${this.#ports[page]}${path}`, options);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** The first message of a socket of the training service after `message`, or undefined if it does not open. */
  async say(origin: string, message: string): Promise<string | undefined> {
    using client = this.#clientFrom("127.0.0.5");
    const url = `wss://127.0.0.1:${this.#ports[TRAINING]}/ws/train`;
    const headers = { host: HOSTS[TRAINING], origin, authorization: `Bearer ${TOKEN}` };
    // The types are those of a page, where a socket has no client.
    const socket: WebSocket = Reflect.construct(WebSocket, [url, { client, headers }]);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.onopen = () => socket.send(message);
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => resolve(undefined);
    const answer = await promise;
    if (answer !== undefined) socket.send('{"type":"abort"}');
    await closed;
    return answer;
  }

  /** A browser that reaches the proxy where the document has it. */
  openBrowser(): Promise<Browser> {
    const rules = [TRAINING, INFERENCE].map((port) => `MAP lab.example:${port} 127.0.0.1:${this.#ports[port]}`);
    return openChromium([`--host-resolver-rules=${rules.join(",")}`]);
  }

  #clientFrom(localAddress: string): Deno.HttpClient {
    return Deno.createHttpClient({ localAddress, caCerts: [this.#certificate], allowHost: true });
  }
}

async function withProxy(reader: Reader, body: (proxy: Proxy) => Promise<void>): Promise<void> {
  const [training, inference] = freePorts(2), certificate = reader.file("lab.pem"), key = reader.file("lab.key");
  const names = "subjectAltName=DNS:lab.example,IP:127.0.0.1";
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab.example"]
      .concat("-addext", names, "-addext", "basicConstraints=CA:FALSE", "-keyout", key, "-out", certificate),
    stdout: "null",
    stderr: "null",
  }).output();
  assert.ok(made.success, "openssl makes a certificate");
  const documented = reader.adapt(await blockOf("nginx"))
    .replaceAll(/listen( +)443\b/g, `listen$1127.0.0.1:${training}`)
    .replaceAll(/listen( +)8443\b/g, `listen$1127.0.0.1:${inference}`)
    .replace("/etc/ssl/lab.example.pem", certificate).replace("/etc/ssl/private/lab.example.key", key);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${reader.file(name)};`);
  const file = reader.file("nginx.conf");
  await Deno.writeTextFile(
    file,
    `${Deno.uid() === 0 ? "user root;" : ""} daemon off; pid ${reader.file("nginx.pid")}; events {}
     http { access_log off; ${folders.join(" ")} ${documented} }`,
  );
  const nginx = new Deno.Command(NGINX, {
    args: ["-p", reader.folder, "-e", "stderr", "-c", file],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = new Response(nginx.stderr).text();
  let ended = false;
  nginx.status.then(() => ended = true);
  try {
    await eventually(async () => {
      assert(!ended, ended ? await errors : "");
      (await Deno.connect({ hostname: "127.0.0.1", port: inference })).close();
    });
    await body(new Proxy({ [TRAINING]: training, [INFERENCE]: inference }, await Deno.readTextFile(certificate)));
  } finally {
    if (!ended) nginx.kill("SIGTERM");
    await errors;
  }
}

Deno.test({
  name: "behind nginx as documented, the lab does what it does without a proxy",
  ignore: !hasNginx,
  fn: (t) =>
    Reader.with(async (reader) => {
      await reader.serve(await blockOf("sh"), () =>
        withProxy(reader, async (proxy) => {
          await t.step({
            name: "a browser trains and goes from page to page",
            ignore: CHROMIUM === undefined,
            fn: () => trainInBrowser(proxy),
          });
          await t.step("links, sockets, origins and limits are those that browsers need", () => askAsBrowsers(proxy));
        }));
    }),
});

async function askAsBrowsers(proxy: Proxy): Promise<void> {
  for (const page of [TRAINING, INFERENCE] as const) {
    const { status, text } = await proxy.ask(page, "/");
    assert.equal(status, 200);
    assert.match(text, /content="https:\/\/lab\.example https:\/\/lab\.example:8443"/);
    assert.match(text, /href="https:\/\/lab\.example\/".*href="https:\/\/lab\.example:8443\/"/s);
    assert.doesNotMatch(text, /http:\/\/(?!www\.w3\.org)/);
    const asset = /"(\/assets\/[^"]+)"/.exec(text)![1];
    const head = await proxy.ask(page, asset, { method: "HEAD", headers: { "accept-encoding": "identity" } });
    const get = await proxy.ask(page, asset, { headers: { "accept-encoding": "identity" } });
    assert.equal(Number(head.headers.get("content-length")), new TextEncoder().encode(get.text).length);
  }

  const visit = await proxy.ask(TRAINING, `/?token=${TOKEN}&epochs=3`, { headers: { authorization: "" } });
  assert.equal(visit.status, 303);
  assert.equal(visit.headers.get("location"), "/?epochs=3");
  assert.match(visit.headers.get("set-cookie")!, /; Secure/);

  const { writePng } = await import("../../inference_service/drawing/png/testing.ts");
  const sample = (x: number, y: number) => x > 120 && x < 150 && y > 40 && y < 240 ? 0 : 255;
  const png = writePng({ width: 280, height: 280, colour: 0, sample });
  const params = { model_type: "SimpleNN", optimizer: "Adam", learning_rate_range: "High", epochs: 1 };
  const body = JSON.stringify({
    params: { ...params, batch_size: 32, hidden_layers_config: [128], use_dropout: false },
    image_data: `data:image/png;base64,${png.toBase64()}`,
  });
  const origin = "https://lab.example:8443";
  const missed = await proxy.ask(INFERENCE, "/predict", { method: "POST", body, headers: { origin } });
  assert.equal(missed.status, 404, missed.text);
  assert.equal(new URL(JSON.parse(missed.text).train_url).origin, "https://lab.example");
  const foreign = { method: "POST", body, headers: { origin: "https://lab.example.evil.example" } };
  assert.equal((await proxy.ask(INFERENCE, "/predict", foreign)).status, 403);

  const config = JSON.stringify({ ...params, learning_rate_range: undefined, learning_rate: 0.001 });
  assert.match((await proxy.say("https://lab.example", config))!, /^\{"type"/);
  assert.equal(await proxy.say("https://evil.example", config), undefined);
  assert.equal(
    await proxy.say("https://lab.example:8443", config),
    undefined,
    "the other page is not this one",
  );

  const guess = async (address: string, i: number) => {
    const headers = { "authorization": `Bearer wrong-${i}`, "x-forwarded-for": `192.0.2.${i}` };
    return (await proxy.ask(TRAINING, "/api/models", { headers }, address)).status;
  };
  for (let i = 0; i < GUESSES; i++) await guess("127.0.0.6", i);
  assert.equal(await guess("127.0.0.6", GUESSES), 429, "whatever the client says of its address");
  assert.equal(await guess("127.0.0.7", 0), 401, "other clients behind the same proxy need not wait");
}

async function trainInBrowser(proxy: Proxy): Promise<void> {
  const browser = await proxy.openBrowser();
  try {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    const model = "epochs=1&batch_size=512&hidden_layers_config=16&learning_rate=0.01";
    await page.goto(`https://lab.example/?token=${TOKEN}&${model}`);
    await page.getByRole("button", { name: "Start Training" }).click();
    await page.getByRole("link", { name: "Test this model" }).click({ timeout: 60_000 });
    await page.waitForURL("https://lab.example:8443/?**");
    assert.ok(await page.evaluate("crossOriginIsolated"), "TLS gives the page shared memory");
    await page.getByRole("navigation").getByRole("link", { name: "Train" }).click();
    await page.waitForURL("https://lab.example/?**");
  } finally {
    await browser.close();
  }
}
