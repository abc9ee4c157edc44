import { render } from "preact";
import type { ApiDocument } from "./document.ts";
import { DocsPage, NoDocs } from "./view.tsx";

const page = document.getElementById("page")!;
try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`The service answered ${response.status}.`);
  render(<DocsPage api={await response.json() as ApiDocument} />, page);
  // The section in the address did not exist yet when the browser looked for it.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  render(<NoDocs reason={error instanceof Error ? error.message : String(error)} />, page);
}
