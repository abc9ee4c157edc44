import { effect, type ReadonlySignal } from "@preact/signals";

/** Keeps the page's query in the address bar as it changes, so that a reload or a copied link finds the same fields. */
export function keepInAddressBar(query: ReadonlySignal<string>): void {
  let shown: string | undefined;
  effect(() => {
    const next = query.value;
    if (shown !== undefined && next !== shown) history.replaceState(null, "", `?${next}${location.hash}`);
    shown = next;
  });
}
