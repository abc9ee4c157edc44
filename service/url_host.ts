import type { Settings } from "./settings.ts";

/** A host name or address as URLs and Host headers write it: lower case, IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host.toLowerCase()}]` : host.toLowerCase();
}

/** The address under which this machine reaches a service. */
export function localUrl({ host }: Pick<Settings, "host">, port: number): string {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return `http://${urlHost(everywhere[host] ?? host)}:${port}`;
}
