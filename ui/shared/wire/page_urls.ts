/** Addresses of the pages. Their query holds the fields of their forms. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { formatFormQuery, type FormQuery, type ModelRecord, type TrainConfig } from "../../../protocol/mod.ts";
import { ModelForm } from "../form/model_form.ts";

/** The ports of the two services, which the server wrote into `<meta name="lab-ports">`. */
function labPorts(): { training: string; inference: string } {
  const content = document.querySelector<HTMLMetaElement>('meta[name="lab-ports"]')?.content ?? "";
  const [training = "8000", inference = "8001"] = content.match(/\d+/g) ?? [];
  return { training, inference };
}

/** The way back in links to the drawing page; the training page sets its own query. */
export const wayBack = signal("");

/** The address of a page with its fields filled in, at the host name of this page. */
export function pageUrl(page: "training" | "inference", query: FormQuery | string): string {
  const text = typeof query === "string" ? query : formatFormQuery(query), back = wayBack.value;
  const isTold = page === "inference" && back !== "" && back !== text;
  const whole = isTold ? `${text}&${new URLSearchParams({ back })}` : text;
  return `${location.protocol}//${location.hostname}:${labPorts()[page]}/?${whole}`;
}

/** The query with which a page shows the settings of `model`. For a record, `model_id` names that exact model. */
export function queryOf(model: TrainConfig | ModelRecord): FormQuery {
  const form = new ModelForm();
  form.set(model);
  return { ...form.query.value, ..."id" in model && { model_id: model.id } };
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
