/** For tests: sends malformed requests over the wire and checks the answers. */
import assert from "node:assert/strict";

/** A request that has to be refused. */
export interface Attack {
  name: string;
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  /** The `field` that the answer must name. */
  field?: string;
  /** The status that the answer must have; any 4xx by default. */
  status?: number;
}

const DEADLINE_MS = 1000;
/** Text that would reveal the server's internals: stack traces, files, folders. */
const LEAK = /\bat [\w.<]+ ?\(|\.ts\b|file:|\/work\/|\/root\/|\/home\/|\/tmp\/|node_modules|Error:/;

/** Sends exactly the bytes of an attack, which HTTP clients would correct, and returns status and body. */
async function send(host: string, attack: Attack): Promise<{ status: number; body: string }> {
  const { method = "GET", path, headers = {}, body } = attack;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const [hostname, port] = host.split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const deadline = setTimeout(() => connection.close(), 2 * DEADLINE_MS);
  const all: Record<string, string> = {
    host,
    connection: "close",
    ...(bytes === undefined ? {} : { "content-length": `${bytes.length}` }),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const writer = connection.writable.getWriter();
  // The service may answer and close the connection before everything is sent.
  const sent = writer.write(new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${head}\r\n`))
    .then(() => bytes === undefined ? undefined : writer.write(bytes)).catch(() => {});
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  try {
    while (!isWhole(text)) {
      const count = await connection.read(buffer);
      if (count === null) break;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch {
    // The connection was reset after the answer, or the deadline closed it.
  }
  clearTimeout(deadline);
  try {
    connection.close();
  } catch {
    // Already closed.
  }
  await sent;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: text.slice(text.indexOf("\r\n\r\n") + 4) };
}

/** Whether the answer is complete: a service that did not read the whole request keeps the connection open. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  return end !== -1 && length !== undefined && new TextEncoder().encode(text.slice(end + 4)).length >= Number(length);
}

/** Checks that an attack is refused in time, with a message that names the field and leaks nothing. */
export async function refuses(host: string, attack: Attack): Promise<void> {
  const start = performance.now();
  const { status, body } = await send(host, attack);
  const took = performance.now() - start;
  assert.ok(status >= 400 && status < 500, `${attack.name}: ${status} ${body}`);
  if (attack.status !== undefined) assert.equal(status, attack.status, `${attack.name}: ${body}`);
  assert.ok(took < DEADLINE_MS, `${attack.name} took ${took} ms`);
  requireHarmless(body, attack.name);
  if (attack.field === undefined) return;
  const answer = JSON.parse(body);
  assert.equal(answer.field, attack.field, `${attack.name}: ${body}`);
  assert.ok(answer.error.includes(attack.field), `${attack.name} does not name ${attack.field}: ${answer.error}`);
}

/** Checks that a message reveals nothing about the server's internals and is short enough to read. */
export function requireHarmless(message: string, name: string) {
  assert.doesNotMatch(message, LEAK, name);
  assert.ok(message.length < 2000, `${name}: an answer of ${message.length} characters`);
}

/** Paths that try to reach files, and malformed headers. */
export const COMMON_ATTACKS: readonly Attack[] = [
  ...[
    "/assets/../training.html",
    "/assets/..%2Ftraining.html",
    "/assets/%2e%2e/%2e%2e/deno.json",
    "/assets/..%5C..%5Cdeno.json",
    "/assets/..\\deno.json",
    "/assets/%00",
    "/assets/lab.css%00.js",
    "/assets//etc/passwd",
    "/assets/%2Fetc%2Fpasswd",
    "/assets/C:%5Cwindows%5Cwin.ini",
    "/assets/.env",
    "/assets/%ff",
    "/assets/%",
    "/assets/",
    "/../../etc/passwd",
    "//etc/passwd",
    "/%2e%2e/deno.json",
    "/deno.json",
    "/.git/config",
    "/docs/../deno.json",
    "/api",
    "/api/models/",
    "/api/models/..%2Fmodels_metadata.json",
    "/api/models/%2e%2e%2Fx/model.pth",
    "/api/models/%00/model.pth",
    "/api/models/__proto__",
    "/api/models/constructor/model.onnx",
    "/api/models/x/model.exe",
    "/api/models/<script>alert(1)<script>",
    "/api/models/%E0%A4%A",
    "/healthz/x",
    `/${"x".repeat(9000)}`,
    `/healthz?${"a=1&".repeat(3000)}`,
  ].map((path) => ({ name: `GET ${path.slice(0, 40)}`, path })),
  { name: "an id longer than any id", path: `/api/models/${"x".repeat(201)}`, field: "id", status: 400 },
  { name: "an id of 4000 characters", path: `/api/models/${"%20".repeat(2000)}/model.pth`, field: "id", status: 400 },
  { name: "a foreign host", path: "/", headers: { host: "evil.example" }, status: 403 },
  { name: "a malformed host", path: "/", headers: { host: "a b" }, status: 400 },
  { name: "no host", path: "/", headers: { host: "" } },
  { name: "a foreign origin", path: "/api/models", headers: { origin: "http://evil.example" }, status: 403 },
  { name: "the origin null", path: "/api/models", headers: { origin: "null" }, status: 403 },
  {
    name: "a picture on another site",
    path: "/",
    headers: { "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" },
  },
  { name: "two lengths", path: "/", headers: { "content-length": "1, 2" } },
  { name: "a negative length", path: "/", headers: { "content-length": "-1" } },
  { name: "an unknown method", method: "BREW", path: "/", status: 404 },
  { name: "TRACE", method: "TRACE", path: "/" },
  { name: "PUT", method: "PUT", path: "/api/models/x", body: "x", status: 404 },
  { name: "an unknown asset", path: "/assets/none.js", status: 404 },
];
