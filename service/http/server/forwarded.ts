/** What trusted proxies tell of the requests that they pass on: `X-Forwarded-*`, or `Forwarded` (RFC 7239). */
import { canonicalAddress } from "../../process/addresses.ts";
import { HttpError } from "../errors.ts";
import { isHost, type RequestHead } from "./request_head.ts";

/** One step on a request's way: who sent it to a proxy, and how. */
interface Hop {
  client?: string;
  scheme?: string;
  host?: string;
}

/** A request as its client sent it. */
export interface SentRequest {
  /** Scheme and host of `url`, and the Host header, are those that the client used. */
  head: RequestHead;
  /** The client's IP address. */
  client: string;
}

/**
 * A request as its client sent it: where `peer` is one of the `trusted` proxies, by what that proxy says, else as it
 * came. The client is the last address on the way that is not a trusted proxy; what stands before it anyone could claim.
 *
 * @throws {HttpError} 400 where the two kinds of headers name different clients, as one of them is then the client's own
 */
export function asClientSent(head: RequestHead, peer: string, trusted: ReadonlySet<string>): SentRequest {
  if (!trusted.has(peer)) return { head, client: peer };
  const valuesOf = (wanted: string) =>
    head.headers.flatMap(([name, value]) => name === wanted ? value.split(",") : []).map((value) => value.trim())
      .filter((value) => value !== "");
  const standard = lastUntrusted(valuesOf("forwarded").map(parseForwarded), trusted);
  const clients = valuesOf("x-forwarded-for"), schemes = valuesOf("x-forwarded-proto");
  const hosts = valuesOf("x-forwarded-host");
  const length = Math.max(clients.length, Math.min(1, schemes.length + hosts.length));
  // Proxies may send shorter lists of schemes and hosts: they end at the same proxy.
  const fromEnd = (list: string[], i: number) => list[Math.max(0, list.length - length + i)];
  const hops = Array.from({ length }, (_, i): Hop => ({
    client: addressOf(clients[i]),
    scheme: fromEnd(schemes, i),
    host: fromEnd(hosts, i),
  }));
  const customary = lastUntrusted(hops, trusted);
  if (standard?.client !== undefined && customary?.client !== undefined && standard.client !== customary.client) {
    throw new HttpError(
      400,
      "Forwarded and X-Forwarded-For name different clients: the proxy must remove one of them.",
    );
  }
  const { client = peer, scheme, host } = { ...standard, ...customary };
  return { head: withOrigin(head, scheme?.toLowerCase(), host), client };
}

/** The hop whose sender is not a trusted proxy, or the first one. */
function lastUntrusted(hops: readonly Hop[], trusted: ReadonlySet<string>): Hop | undefined {
  let sender: string | undefined;
  for (let i = hops.length - 1; i >= 0; i--) {
    const { client } = hops[i];
    // A proxy that does not tell an address (`unknown`, `_hidden`) is as far as can be seen.
    if (client !== undefined) sender = client;
    if (i === 0 || client === undefined || !trusted.has(client)) return defined({ ...hops[i], client: sender });
  }
  return undefined;
}

function defined(hop: Hop): Hop {
  return Object.fromEntries(Object.entries(hop).filter(([, value]) => value !== undefined));
}

function parseForwarded(element: string): Hop {
  const pairs = [...element.matchAll(/(\w+)=(?:"([^"]*)"|([^;,\s]*))/g)]
    .map(([, name, quoted, plain]) => [name.toLowerCase(), quoted ?? plain]);
  const { for: client, proto, host } = Object.fromEntries(pairs);
  return { client: addressOf(client), scheme: proto, host };
}

/** An address that may be in brackets and have a port. */
function addressOf(text = ""): string | undefined {
  return canonicalAddress(/^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, "$1"));
}

function withOrigin(head: RequestHead, told = "http", host?: string): RequestHead {
  // Some proxies name the scheme of a WebSocket.
  const scheme = told.replace(/^ws/, "http");
  if (host !== undefined && !isHost(host) || !/^https?$/.test(scheme)) {
    throw new HttpError(400, "The proxy's headers name no host, or no scheme that is http or https.");
  }
  const [, sent, path] = /^http:\/\/([^/]*)(.*)$/s.exec(head.url)!;
  const headers = host === undefined
    ? head.headers
    : head.headers.map(([name, value]): [string, string] => name === "host" ? [name, host] : [name, value]);
  return { ...head, headers, url: `${scheme}://${host ?? sent}${path}` };
}
