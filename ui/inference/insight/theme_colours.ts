import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { parseHex, type Rgb } from "./heat_map.ts";

/** Counts how often the colours may have changed, for what is painted and not styled. */
const changes = signal(0);
let users = 0;
let stop: (() => void) | undefined;

/** A number that changes with the page's colours. */
export function useThemeChanges(): number {
  useEffect(() => {
    if (users++ === 0) stop = watch();
    return () => {
      if (--users === 0) stop?.();
    };
  }, []);
  return changes.value;
}

function watch(): () => void {
  const count = () => void changes.value++;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", count);
  // A choice of the visitor's is marked on the root element.
  const marks = new MutationObserver(count);
  marks.observe(document.documentElement, { attributes: true });
  return () => {
    dark.removeEventListener("change", count);
    marks.disconnect();
  };
}

/** A colour of the theme, such as `--ink`, as it is now. */
export function themeColour(name: string): Rgb {
  return parseHex(getComputedStyle(document.documentElement).getPropertyValue(name));
}
