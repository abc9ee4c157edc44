/** Addresses of the pages. Their query holds the fields of their forms. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { formatFormQuery, type FormQuery } from "../../../protocol/mod.ts";

/** The origin of a page. The server wrote its port, or its public address, into `<meta name="lab-pages">`. */
function pageOrigin(page: "training" | "inference"): string {
  const content = document.querySelector<HTMLMetaElement>('meta[name="lab-pages"]')?.content ?? "8000 8001";
  const [training, inference] = content.split(" "), told = page === "training" ? training : inference;
  return /^\d+$/.test(told) ? `${location.protocol}//${location.hostname}:${told}` : told;
}

/** The way back in links to the drawing page; the training page sets its own query. */
export const wayBack = signal("");

/** The address of a page with its fields filled in. */
export function pageUrl(page: "training" | "inference", query: FormQuery | string): string {
  const text = typeof query === "string" ? query : formatFormQuery(query), back = wayBack.value;
  const isTold = page === "inference" && back !== "" && back !== text;
  const whole = isTold ? `${text}&${new URLSearchParams({ back })}` : text;
  return `${pageOrigin(page)}/?${whole}`;
}

/** Queries of the links to the pages. */
export interface PageQueries {
  training: string;
  inference: string;
}

/** The address of the page for programs, from which the links to the other pages lead back to them as they are. */
export function docsUrl(queries: PageQueries | undefined): string {
  if (queries === undefined) return "/docs";
  const queryTo = (page: keyof PageQueries) => pageUrl(page, queries[page]).split("?")[1];
  return `/docs?${new URLSearchParams({ training: queryTo("training"), inference: queryTo("inference") })}`;
}

/** The queries of the links on the page for programs, from its own address. */
export function queriesOfDocs(search: string): PageQueries {
  const given = new URLSearchParams(search);
  return { training: given.get("training") ?? "", inference: given.get("inference") ?? "" };
}

/** Shows `query` in the address bar whenever it changes, so that a reload or a copied link finds the same page. */
export function keepInAddressBar(query: ReadonlySignal<string>): void {
  let shown: string | undefined;
  effect(() => {
    const next = query.value;
    if (shown !== undefined && next !== shown) history.replaceState(null, "", `?${next}${location.hash}`);
    shown = next;
  });
}
