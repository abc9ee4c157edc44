/** Addresses of the pages, whose query holds the fields of their forms. */
import { effect, type ReadonlySignal } from "@preact/signals";
import {
  formatFormQuery,
  type FormQuery,
  type ModelRecord,
  paramsOf,
  paramsQuery,
  type TrainConfig,
} from "../../../protocol/mod.ts";

/** The ports of the two services, which the server wrote into `<meta name="lab-ports">`. */
function labPorts(): { training: string; inference: string } {
  const content = document.querySelector<HTMLMetaElement>('meta[name="lab-ports"]')?.content ?? "";
  const [training = "8000", inference = "8001"] = content.match(/\d+/g) ?? [];
  return { training, inference };
}

/** The address of a page with its fields filled in, at the host name of this page. */
export function pageUrl(page: "training" | "inference", query: FormQuery): string {
  return `${location.protocol}//${location.hostname}:${labPorts()[page]}/?${formatFormQuery(query)}`;
}

/** The query with which a page shows the settings of `model`. For a record, `model_id` names that very model. */
export function queryOf(model: TrainConfig | ModelRecord): FormQuery {
  return {
    ...paramsQuery(paramsOf(model)),
    learning_rate: String(model.learning_rate),
    ...("id" in model ? { model_id: model.id } : {}),
  };
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
