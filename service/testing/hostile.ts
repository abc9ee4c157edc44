/** For tests: malformed requests as they come over the wire, and what every answer to one has to keep. */
import assert from "node:assert/strict";

export interface Attack {
  name: string;
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  /** What the answer's `field` must be. */
  field?: string;
  /** What the answer must be; any 4xx where it is left out. */
  status?: number;
}

const DEADLINE_MS = 1000;
/** What tells of the server's insides: stack traces, files, folders. */
const LEAK = /\bat [\w.<]+ ?\(|\.ts\b|file:|\/work\/|\/root\/|\/home\/|\/tmp\/|node_modules|Error:/;

/** Sends an attack byte by byte as it is written, for clients tidy up what they send, and returns status and body. */
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
  // An answer may come, and the connection end, before all is sent.
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
    // Reset once the answer was sent, or too late.
  }
  clearTimeout(deadline);
  try {
    connection.close();
  } catch {
    // It is already.
  }
  await sent;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: text.slice(text.indexOf("\r\n\r\n") + 4) };
}

/** A service that did not read a request to its end keeps the connection after the answer. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  return end !== -1 && length !== undefined && new TextEncoder().encode(text.slice(end + 4)).length >= Number(length);
}

/** The answer is a refusal in words that leaks nothing, in time; it names the field. */
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

/** A message says nothing of the server's insides, and is of a length that people read. */
export function requireHarmless(message: string, name: string) {
  assert.doesNotMatch(message, LEAK, name);
  assert.ok(message.length < 2000, `${name}: an answer of ${message.length} characters`);
}

/** Addresses that try to get at files, and heads that are none. */
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
  { name: "an id longer than any", path: `/api/models/${"x".repeat(201)}`, field: "id", status: 400 },
  { name: "an id of 4000 signs", path: `/api/models/${"%20".repeat(2000)}/model.pth`, field: "id", status: 400 },
  { name: "a foreign host", path: "/", headers: { host: "evil.example" }, status: 403 },
  { name: "a host that is none", path: "/", headers: { host: "a b" }, status: 400 },
  { name: "no host", path: "/", headers: { host: "" } },
  { name: "a foreign origin", path: "/api/models", headers: { origin: "http://evil.example" }, status: 403 },
  { name: "the origin null", path: "/api/models", headers: { origin: "null" }, status: 403 },
  {
    name: "a picture on another site",
    path: "/",
    headers: { "sec-fetch-site": "cross-site", "sec-fetch-dest": "image" },
  },
  { name: "two lengths", path: "/", headers: { "content-length": "1, 2" } },
  { name: "a length below nothing", path: "/", headers: { "content-length": "-1" } },
  { name: "a method that is none", method: "BREW", path: "/", status: 404 },
  { name: "TRACE", method: "TRACE", path: "/" },
  { name: "PUT", method: "PUT", path: "/api/models/x", body: "x", status: 404 },
  { name: "an unknown asset", path: "/assets/none.js", status: 404 },
];
