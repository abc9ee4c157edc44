/**
 * Light or dark: the system's choice or the user's. It is kept in a cookie because, unlike storage, the ports of both
 * pages share it.
 */

/** The choices of the theme switch. */
export const THEMES = ["system", "light", "dark"] as const;

/** One of the choices of the theme switch. */
export type Theme = (typeof THEMES)[number];

/** The attribute of `<html>` from which the styles choose their colours: `light` or `dark`. */
const THEME_ATTRIBUTE = "data-theme";

const COOKIE = "mnist_lab_theme";
const YEAR_SECONDS = 365 * 24 * 60 * 60;
const SYSTEM_IS_DARK = "(prefers-color-scheme: dark)";

/** The theme that `document.cookie` names; `system` if it names no known theme. */
export function readTheme(cookies: string): Theme {
  for (const pair of cookies.split("; ")) {
    const [name, value] = pair.split("=");
    if (name === COOKIE) return THEMES.find((theme) => theme === value) ?? "system";
  }
  return "system";
}

/** Assigned to `document.cookie`, it remembers `theme` for a year or, for `system`, forgets the choice. */
export function themeCookie(theme: Theme): string {
  const age = theme === "system" ? 0 : YEAR_SECONDS;
  return `${COOKIE}=${theme}; Path=/; Max-Age=${age}; SameSite=Strict`;
}

/** Whether the page is dark, given the choice and the system's setting. */
export function isDark(theme: Theme, systemIsDark: boolean): boolean {
  return theme === "dark" || (theme === "system" && systemIsDark);
}

/** The choice for this visit if cookies are forbidden; otherwise undefined. */
let chosen: Theme | undefined;

/** The choice in force. */
export function currentTheme(): Theme {
  return chosen ?? readTheme(document.cookie);
}

/** Remembers and shows `theme`. */
export function chooseTheme(theme: Theme): void {
  document.cookie = themeCookie(theme);
  chosen = readTheme(document.cookie) === theme ? undefined : theme;
  showTheme();
}

/** Gives the page the colours of the choice in force. */
export function showTheme(): void {
  const theme = isDark(currentTheme(), matchMedia(SYSTEM_IS_DARK).matches) ? "dark" : "light";
  const page = document.documentElement;
  if (page.getAttribute(THEME_ATTRIBUTE) !== theme) page.setAttribute(THEME_ATTRIBUTE, theme);
}

/** Follows the system's setting, and a choice made in another tab once the user returns to this one. */
export function followTheme(changed: () => void): void {
  const look = () => {
    showTheme();
    changed();
  };
  matchMedia(SYSTEM_IS_DARK).addEventListener("change", look);
  document.addEventListener("visibilitychange", look);
  addEventListener("focus", look);
}

/**
 * Calls back whenever the page's colours have changed, so that a canvas can be repainted, until `signal` is aborted.
 */
export function onColoursChange(callback: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: [THEME_ATTRIBUTE] });
  signal.addEventListener("abort", () => observer.disconnect());
}
