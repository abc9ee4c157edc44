/**
 * Ports below those that systems take for outgoing connections (Linux: from 32768 on), because such a connection could
 * take a port between the moment it was found free and the start of the service.
 */
const FIRST = 20_000, COUNT = 12_000;

/** `count` different ports of 127.0.0.1 that were free a moment ago. */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  return freePorts(1)[0];
}
