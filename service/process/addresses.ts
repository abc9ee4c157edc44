/** Converts addresses of services between settings and URLs. */

/** A host name or address as URLs and Host headers write it: lower case, IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host.toLowerCase()}]` : host.toLowerCase();
}

/** The URL under which this machine reaches a service: `http://<host>:<port>`. */
export function localUrl({ host }: { host: string }, port: number): string {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return `http://${urlHost(everywhere[host] ?? host)}:${port}`;
}

/** The URL of the service on `port` under the host name that `request` used: `http://<name>:<port>`. */
export function serviceUrl(request: Request, port: number): string {
  return `http://${new URL(request.url).hostname}:${port}`;
}

/** Whether `host` stands for all addresses of this machine. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether `host`, a name or an address without brackets, means this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
