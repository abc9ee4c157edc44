/** Converts addresses of services between settings and URLs. */
import { isIP } from "node:net";

/** A host name or address as URLs and Host headers write it: lower case, IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host.toLowerCase()}]` : host.toLowerCase();
}

/** The URL under which this machine reaches a service: `http://<host>:<port>`. */
export function localUrl({ host }: { host: string }, port: number): string {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return `http://${urlHost(everywhere[host] ?? host)}:${port}`;
}

/** Where the services are: fields of `Settings`. */
export interface ServiceAddresses {
  trainingPort: number;
  inferencePort: number;
  trainingUrl?: string;
  inferenceUrl?: string;
}

/**
 * The URL of a service as a browser reaches it, without a slash at its end: its public address, or its port under the
 * scheme and the host name of `request`.
 */
export function serviceUrl(request: Request, settings: ServiceAddresses, service: "training" | "inference"): string {
  const { protocol, hostname } = new URL(request.url);
  const port = service === "training" ? settings.trainingPort : settings.inferencePort;
  return publicUrl(settings, service) ?? `${protocol}//${hostname}:${port}`;
}

/** The address at which a service is public, such as `https://lab.example`, if a setting says so. */
export function publicUrl(
  { trainingUrl, inferenceUrl }: Pick<ServiceAddresses, "trainingUrl" | "inferenceUrl">,
  service: "training" | "inference",
): string | undefined {
  return service === "training" ? trainingUrl : inferenceUrl;
}

/** An IP address in the one form in which addresses are compared, or undefined for any other text. */
export function canonicalAddress(text: string): string | undefined {
  const address = text.replace(/^::ffff:(?=[\d.]+$)/i, "");
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return undefined;
  return version === 4 ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/**
 * Names the client at an address. For IPv6 only the first 64 bits count: a machine can choose the others freely and
 * could pretend to be a thousand clients.
 */
export function clientAt(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head, tail = ""] = address.split("%")[0].toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":"), after = tail === "" ? [] : tail.split(":");
  const zeros = address.includes("::") ? new Array(Math.max(0, 8 - before.length - after.length)).fill("0") : [];
  return `${[...before, ...zeros, ...after].slice(0, 4).map((part) => part.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}

/** Whether `host` stands for all addresses of this machine. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether `host`, a name or an address without brackets, means this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
