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

/** Light or dark: as the system says, or as its user chose. A cookie, for unlike storage both pages' ports share it. */

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The attribute of `<html>` by which the styles choose their colours: `light` or `dark`. */
export const THEME_ATTRIBUTE = "data-theme";

const COOKIE = "mnist_lab_theme";
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** What `document.cookie` says; `system` where it says nothing that is known. */
export function readTheme(cookies: string): Theme {
  for (const pair of cookies.split("; ")) {
    const [name, value] = pair.split("=");
    if (name === COOKIE) return THEMES.find((theme) => theme === value) ?? "system";
  }
  return "system";
}

/** What to assign to `document.cookie`. */
export function themeCookie(theme: Theme): string {
  const age = theme === "system" ? 0 : YEAR_SECONDS;
  return `${COOKIE}=${theme}; Path=/; Max-Age=${age}; SameSite=Strict`;
}

export function isDark(theme: Theme, systemIsDark: boolean): boolean {
  return theme === "dark" || (theme === "system" && systemIsDark);
}
