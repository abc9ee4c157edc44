/** For whoever starts services as processes, which cannot tell it. */
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Waits until something listens at each of `urls`; false when `ended` comes first. Nothing is asked there. */
export async function waitUntilListening(urls: readonly string[], ended: AbortSignal): Promise<boolean> {
  const listens = await Promise.all(urls.map((url) => waitFor(new URL(url), ended)));
  return listens.every(Boolean);
}

async function waitFor({ hostname, port }: URL, ended: AbortSignal): Promise<boolean> {
  const address = { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 80) };
  while (!ended.aborted) {
    try {
      (await Deno.connect(address)).close();
      return true;
    } catch {
      await delay(POLL_MS);
    }
  }
  return false;
}
