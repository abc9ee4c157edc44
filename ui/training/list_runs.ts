import type { RunSummary } from "../../protocol/mod.ts";
import type { LabConnection } from "../shared/wire/connection.ts";

/** The lab's runs, newest first; undefined when it cannot be asked. */
export async function listRuns(connection: LabConnection): Promise<RunSummary[] | undefined> {
  const reply = await connection.request("/api/runs").catch(() => undefined);
  return reply?.status === 200 && Array.isArray(reply.body) ? reply.body : undefined;
}
