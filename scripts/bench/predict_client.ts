/**
 * Clients of `POST /predict`, each with one request in flight at a time. Reads the bodies from stdin, a JSON list of
 * texts, and writes a `Load` as JSON.
 *
 * Usage: deno run --allow-net predict_client.ts URL CLIENTS SECONDS
 */
import { quantile } from "./measure.ts";

/** What clients saw of a service under load. */
export interface Load {
  /** Requests answered a second. */
  perSecond: number;
  /** Median latency in milliseconds. */
  p50: number;
  p99: number;
}

/** Left out of the figures, because this process compiles its own code at first, too. */
const WARM_UP_MS = 1000;
const BUFFER_BYTES = 64 * 1024;
const HEAD_END = "\r\n\r\n";

async function main(): Promise<Load> {
  const [address, clients, seconds] = Deno.args;
  const url = new URL("/predict", address);
  const bodies: string[] = await new Response(Deno.stdin.readable).json();
  const requests = bodies.map((body) => postRequest(url, body));
  const begin = performance.now() + WARM_UP_MS;
  const end = begin + 1000 * Number(seconds);
  const times: number[] = [];
  await Promise.all(Array.from({ length: Number(clients) }, async (_, client) => {
    const http = new HttpClient(url);
    for (let i = client;; i++) {
      const sent = performance.now();
      await http.send(requests[i % requests.length]);
      const received = performance.now();
      if (received >= end) return http.close();
      if (received >= begin) times.push(received - sent);
    }
  }));
  return { perSecond: times.length / Number(seconds), p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** The bytes of a `POST` of JSON text. */
export function postRequest({ host, pathname }: URL, body: string): Uint8Array {
  const content = new TextEncoder().encode(body);
  const head = new TextEncoder().encode(
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
      `content-length: ${content.length}${HEAD_END}`,
  );
  const request = new Uint8Array(head.length + content.length);
  request.set(head);
  request.set(content, head.length);
  return request;
}

/**
 * A minimal HTTP/1.1 client that sends one request at a time over a connection that it keeps open. On a machine with
 * few cores, a client as expensive as `fetch` would take from the service the time that it measures.
 */
export class HttpClient {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #connection: Deno.TcpConn | undefined;

  constructor(private readonly url: URL) {}

  /** Sends the bytes of a request and returns the body of the answer; rejects for any status but 200. */
  async send(request: Uint8Array): Promise<string> {
    const connection = this.#connection ??= await this.#connect();
    for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));
    const decoder = new TextDecoder("latin1"); // One character per byte, so that lengths agree.
    let text = "", end = Infinity;
    while (text.length < end) {
      const count = await connection.read(this.#buffer);
      if (count === null) throw new Error("the service closed the connection");
      text += decoder.decode(this.#buffer.subarray(0, count));
      if (end === Infinity && text.includes(HEAD_END)) end = answerBytes(text);
    }
    const bodyStart = text.indexOf(HEAD_END) + HEAD_END.length;
    if (/^connection: *close\r$/im.test(text.slice(0, bodyStart))) this.close();
    return text.slice(bodyStart);
  }

  close() {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #connect(): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: this.url.hostname, port: Number(this.url.port) });
    connection.setNoDelay();
    return connection;
  }
}

/** The length in bytes of the answer that starts with `start`, including the head. */
function answerBytes(start: string): number {
  const headEnd = start.indexOf(HEAD_END) + HEAD_END.length;
  const length = start.slice(0, headEnd).match(/^content-length: *(\d+)\r$/im)?.[1];
  if (!start.startsWith("HTTP/1.1 200 ") || length === undefined) throw new Error(`the service answered ${start}`);
  return headEnd + Number(length);
}

if (import.meta.main) console.log(JSON.stringify(await main()));
