/** Converts addresses of services between settings and URLs. */
import { isIP } from "node:net";
import type { ServiceName } from "./launch.ts";
import type { Settings } from "./settings.ts";

/** A host name or address as URLs and Host headers write it: lower case, IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host.toLowerCase()}]` : host.toLowerCase();
}

/** The URL under which this machine reaches a service: `http://<host>:<port>`. */
export function localUrl({ host }: { host: string }, port: number): string {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return `http://${urlHost(everywhere[host] ?? host)}:${port}`;
}

/**
 * The URL of a service as a browser reaches it, without a slash at its end: its public address, or its port under the
 * scheme and the host name of `request`.
 */
export function serviceUrl(request: Request, settings: ServiceAddresses, service: ServiceName): string {
  const { protocol, hostname } = new URL(request.url);
  return publicUrl(settings, service) ?? `${protocol}//${hostname}:${portOf(settings, service)}`;
}

/** Where the services are. */
export type ServiceAddresses = Pick<Settings, "trainingPort" | "inferencePort" | "trainingUrl" | "inferenceUrl">;

/** The address at which a service is public, such as `https://lab.example`, if a setting says so. */
export function publicUrl({ trainingUrl, inferenceUrl }: ServiceAddresses, service: ServiceName): string | undefined {
  return service === "training" ? trainingUrl : inferenceUrl;
}

/** The port that a service listens on. */
export function portOf({ trainingPort, inferencePort }: ServiceAddresses, service: ServiceName): number {
  return service === "training" ? trainingPort : inferencePort;
}

/** An IP address in the one form in which addresses are compared, or undefined for any other text. */
export function canonicalAddress(text: string): string | undefined {
  const address = text.replace(/^::ffff:(?=[\d.]+$)/i, "");
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return undefined;
  return version === 4 ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** Whether `host` stands for all addresses of this machine. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether `host`, a name or an address without brackets, means this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
