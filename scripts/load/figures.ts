/** What Linux and the services themselves tell of a service under load. */

/** Resident memory of a process, on Linux (proc_pid_status(5)). */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}

/** Open files and threads of a process, on Linux. */
export function handlesOf(pid: number): { files: number; threads: number } {
  const count = (folder: string) => [...Deno.readDirSync(`/proc/${pid}/${folder}`)].length;
  return { files: count("fd"), threads: count("task") };
}

/** `/healthz` of a service, on a connection of its own: each thread tells of itself. */
export async function health(url: string): Promise<{ event_loop_delay_ms: { p99: number; max: number } }> {
  const response = await fetch(`${url}/healthz`, { headers: { connection: "close" } });
  return await response.json();
}

/** The worst of the threads that several connections meet. */
export async function delayP99(url: string, connections: number): Promise<number> {
  const reports = await Promise.all(Array.from({ length: connections }, () => health(url)));
  return Math.max(...reports.map(({ event_loop_delay_ms }) => event_loop_delay_ms.p99));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
