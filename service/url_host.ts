/** A host name or address as URLs and Host headers write it: lower case, IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host.toLowerCase()}]` : host.toLowerCase();
}
