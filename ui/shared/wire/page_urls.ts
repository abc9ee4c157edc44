import { effect, type ReadonlySignal } from "@preact/signals";
import {
  askedOf,
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  paramsQuery,
  type TrainConfig,
} from "../../../protocol/mod.ts";

/** Ports of the two services, as the server wrote them into `<meta name="lab-ports">`. */
function labPorts(): { training: string; inference: string } {
  const content = document.querySelector<HTMLMetaElement>('meta[name="lab-ports"]')?.content ?? "";
  const [training = "8000", inference = "8001"] = content.match(/\d+/g) ?? [];
  return { training, inference };
}

/** Address of one of the two pages, with its fields filled in, under the host name that this page was asked for by. */
export function pageUrl(page: "training" | "inference", query: FormQuery): string {
  return `${location.protocol}//${location.hostname}:${labPorts()[page]}/?${formatFormQuery(query)}`;
}

/** The fields of a page's form that lead to the model of a configuration, or to the very model that is stored. */
export function queryOf(model: TrainConfig | ModelRecord): FormQuery {
  return {
    ...paramsQuery(askedOf(model)),
    learning_rate: String(model.learning_rate),
    ...("id" in model ? { model_id: model.id } : {}),
  };
}

/** Keeps the page's query in the address bar as it changes, so that a reload or a copied link finds the same fields. */
export function keepInAddressBar(query: ReadonlySignal<string>): void {
  let shown: string | undefined;
  effect(() => {
    const next = query.value;
    if (shown !== undefined && next !== shown) history.replaceState(null, "", `?${next}${location.hash}`);
    shown = next;
  });
}
