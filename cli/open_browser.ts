/** The programs that open an address, by platform; all that the lab may start. */
export const OPENERS = { linux: "xdg-open", darwin: "open", windows: "explorer" } as const;

/** Asks the desktop to show `url`. Where there is none, the printed address has to do. */
export function openBrowser(url: string): void {
  const program = OPENERS[Deno.build.os as keyof typeof OPENERS];
  if (program === undefined) return;
  try {
    const child = new Deno.Command(program, { args: [url], stdin: "null", stdout: "null", stderr: "null" }).spawn();
    child.unref();
    child.status.catch(() => {});
  } catch {
    // No such program.
  }
}
