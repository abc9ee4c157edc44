import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { onColoursChange } from "../../shared/theme/theme.ts";
import { parseHex, type Rgb } from "./heat_map.ts";

/** A number that changes with the page's colours, for what is painted and not styled. */
export function useThemeChanges(): number {
  const version = useSignal(0);
  useEffect(() => {
    const listening = new AbortController();
    onColoursChange(() => version.value++, listening.signal);
    return () => listening.abort();
  }, []);
  return version.value;
}

/** A colour of the theme, such as `--ink`, as it is now. */
export function themeColour(name: string): Rgb {
  return parseHex(getComputedStyle(document.documentElement).getPropertyValue(name));
}
