/** Distinguishes the clients of runs by the network address of their requests. */

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

/**
 * Whether a client that has `own` of `max` places, `taken` of which are taken, may have another one. It may have as
 * many as are left free, so one client alone can have half of all, two clients a third each, and so on: there
 * is always room for a client that has none.
 */
export function mayTakePlace({ own, taken, max }: { own: number; taken: number; max: number }): boolean {
  return own <= max - taken && taken < max;
}
