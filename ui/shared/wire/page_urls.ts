import { formatFormQuery, type FormQuery } from "../../../protocol/mod.ts";

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
