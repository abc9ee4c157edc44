import { isDark, readTheme, type Theme, THEME_ATTRIBUTE, themeCookie } from "./theme.ts";

const SYSTEM_IS_DARK = "(prefers-color-scheme: dark)";

/** The choice in force: the cookie's, or where cookies are forbidden the last one of this visit. */
let chosen: Theme | undefined;

export function currentTheme(): Theme {
  return chosen ?? readTheme(document.cookie);
}

/** Remembers and shows `theme`. */
export function chooseTheme(theme: Theme): void {
  document.cookie = themeCookie(theme);
  chosen = readTheme(document.cookie) === theme ? undefined : theme;
  showTheme();
}

export function showTheme(): void {
  const theme = isDark(currentTheme(), matchMedia(SYSTEM_IS_DARK).matches) ? "dark" : "light";
  const page = document.documentElement;
  if (page.getAttribute(THEME_ATTRIBUTE) !== theme) page.setAttribute(THEME_ATTRIBUTE, theme);
}

/** Follows the system, and a choice made on another tab once this one is looked at again. */
export function followTheme(changed: () => void = () => {}): void {
  const look = () => {
    showTheme();
    changed();
  };
  matchMedia(SYSTEM_IS_DARK).addEventListener("change", look);
  document.addEventListener("visibilitychange", look);
  addEventListener("focus", look);
}

/** Calls back whenever the colours of the page have changed, until `signal` is aborted: a canvas has to be painted anew. */
export function onColoursChange(callback: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: [THEME_ATTRIBUTE] });
  signal.addEventListener("abort", () => observer.disconnect());
}
