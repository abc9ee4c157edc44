/**
 * Clients of `POST /predict`, each with one request on its way at any time. Reads the bodies from stdin, a JSON list of
 * texts, and writes a `Load` as JSON.
 *
 * Usage: deno run --allow-net predict_client.ts URL CLIENTS SECONDS
 */
import { HttpClient, postRequest } from "./http_client.ts";
import { quantile } from "./measure.ts";

/** What clients saw of a service under load. */
export interface Load {
  /** Requests answered a second. */
  perSecond: number;
  /** Milliseconds that half of the requests took at most. */
  p50: number;
  p99: number;
}

/** Not counted: this process, too, compiles its own code at first. */
const WARM_UP_MS = 1000;

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

if (import.meta.main) console.log(JSON.stringify(await main()));
