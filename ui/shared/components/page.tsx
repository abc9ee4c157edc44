import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { chooseTheme, currentTheme, followTheme, type Theme, THEMES } from "../theme/theme.ts";
import { docsUrl, type PageQueries, pageUrl } from "../wire/page_urls.ts";
import { PAGE_WORDS, type PageName } from "./page_words.ts";

/**
 * The frame that all pages share: brand, navigation, theme switch, headline, content. It replaces the same elements of
 * `ui/page.html`, which can be seen before any script runs.
 */
export function Page(
  { current, queries, children }: {
    current: PageName;
    queries?: PageQueries;
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
        <a href={docsUrl(queries)} aria-current={current === "docs" ? "page" : undefined}>For programs (API)</a>
      </footer>
    </>
  );
}

const NAMES: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

/** Icons of 24 × 24: a screen, a sun, a moon. */
const ICONS: Record<Theme, ComponentChildren> = {
  system: <path d="M3 4.5h18v12H3zM8 20.5h8M12 16.5v4" />,
  light: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3l1.8 1.8M16.9 16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8" />
    </>
  ),
  dark: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />,
};

/** Chooses the colours of both pages: three radio buttons that look like one switch. */
function ThemeSwitch() {
  const theme = useSignal(currentTheme());
  useEffect(() => followTheme(() => theme.value = currentTheme()), []);
  const choose = (choice: Theme) => {
    chooseTheme(choice);
    theme.value = choice;
  };
  return (
    <fieldset class="theme">
      <legend class="unseen">Colours</legend>
      {THEMES.map((choice) => (
        <label key={choice} title={NAMES[choice]}>
          <input
            type="radio"
            name="theme"
            value={choice}
            aria-label={NAMES[choice]}
            checked={theme.value === choice}
            onChange={() => choose(choice)}
          />
          <svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[choice]}</svg>
        </label>
      ))}
    </fieldset>
  );
}
