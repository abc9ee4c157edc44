/** Informs a page of changes that other pages, people and programs make in the lab. */
import { effect } from "@preact/signals";
import type { StoredModels } from "./stored_models.ts";

/**
 * Calls back whenever the user returns to the page, from another window or tab, or by Back to the page as it was left.
 */
export function whenBack(callback: () => void): void {
  addEventListener("focus", callback);
  document.addEventListener("visibilitychange", () => document.hidden || callback());
}

/**
 * Calls back when the user returns and when another tab reports that the list of models has changed; reports changes to
 * other tabs, too.
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
