import type { Context } from "hono";

/** The address that a request came from, as far as it is known: a whole class may share one. Not to be asked after an upgrade. */
export function clientAddress(c: Context): string {
  const info = c.env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined;
  try {
    return info?.remoteAddr?.hostname ?? "unknown";
  } catch {
    // The client has gone meanwhile.
    return "unknown";
  }
}
