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
