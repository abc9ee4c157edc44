/** How a page hears of what other pages, people and programs change in the lab. */
import { effect } from "@preact/signals";
import type { StoredModels } from "./stored_models.ts";

/** Calls back whenever the user returns to the page, from another window or tab, or by Back to the page as it was left. */
export function whenBack(callback: () => void): void {
  addEventListener("focus", callback);
  document.addEventListener("visibilitychange", () => document.hidden || callback());
}

/**
 * Calls back when the user returns, and when another tab finds the list of models changed; tells other tabs likewise.
 */
export function followChanges(callback: () => void, stored: StoredModels): void {
  whenBack(callback);
  const channel = new BroadcastChannel("stored-models");
  channel.onmessage = callback;
  let known: string | undefined;
  effect(() => {
    const ids = stored.records.value?.map(({ id }) => id).join();
    if (ids !== known) channel.postMessage("changed");
    known = ids;
  });
}
