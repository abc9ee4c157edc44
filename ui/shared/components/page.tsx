import type { ComponentChildren } from "preact";
import { pageUrl } from "../wire/page_urls.ts";
import { ThemeSwitch } from "../theme/theme_switch.tsx";
import { PAGE_WORDS, type PageName } from "./page_words.ts";

/**
 * The frame that all pages share: brand, navigation, theme switch, headline, content. It replaces the same elements of
 * `ui/page.html`, which can be seen before any script runs.
 */
export function Page(
  { current, queries, children }: {
    current: PageName;
    /** Queries of the links to the pages. */
    queries?: { training: string; inference: string };
    children: ComponentChildren;
  },
) {
  const { title, lead } = PAGE_WORDS[current];
  const link = (page: "training" | "inference", text: string) => (
    <a href={pageUrl(page, queries?.[page] ?? "")} aria-current={page === current ? "page" : undefined}>{text}</a>
  );
  return (
    <>
      <header class="top">
        <div class="frame">
          <p class="brand">MNIST Lab</p>
          <nav aria-label="Pages">
            {link("training", "Train")}
            {link("inference", "Draw")}
          </nav>
          <ThemeSwitch />
        </div>
      </header>
      <main class="frame">
        <div class="opening">
          <h1>{title}</h1>
          <p>{lead}</p>
        </div>
        {children}
      </main>
      <footer class="frame bottom note">
        <a href="/docs" aria-current={current === "docs" ? "page" : undefined}>For programs (API)</a>
      </footer>
    </>
  );
}
