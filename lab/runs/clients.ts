/** Clients, as far as runs tell them apart: by the network address that a request came from. */

/**
 * Names the client behind an address. Of IPv6 the first 64 bits count: the others are any machine's to choose, so that
 * one could be a thousand clients.
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

/**
 * Whether a client that has `own` of `max` places, of which `taken` are taken, may have another one. What it has may be
 * as much as what is left, so one client alone can have half of all, a second one a third, and so on: there is always
 * room for somebody who has none.
 */
export function mayTakePlace({ own, taken, max }: { own: number; taken: number; max: number }): boolean {
  return own <= max - taken && taken < max;
}
