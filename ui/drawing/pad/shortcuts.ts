/** Keys that work from anywhere on the page. */
export type Shortcut = "predict" | "clear" | "undo" | "redo";

export interface KeyChord {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** Where a key was pressed: `field` types or chooses, `control` acts on Enter by itself. */
export type KeyPlace = "field" | "control" | "page";

/** What a chord means at its place; undefined where it is left to the browser. */
export function shortcutOf(chord: KeyChord, place: KeyPlace): Shortcut | undefined {
  if (place === "field" || chord.altKey) return undefined;
  if (chord.ctrlKey || chord.metaKey) {
    switch (chord.key.toLowerCase()) {
      case "z":
        return chord.shiftKey ? "redo" : "undo";
      case "y":
        return chord.shiftKey ? undefined : "redo";
    }
    return undefined;
  }
  if (chord.key === "Delete") return "clear";
  if (chord.key === "Enter" && place === "page" && !chord.shiftKey) return "predict";
}

const FIELDS = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])";
const CONTROLS = "a, button, summary, dialog *";

/** Calls `act` for each shortcut, unless something nearer took the key. Returns what ends that. */
export function listenForShortcuts(act: (shortcut: Shortcut, at: number) => void): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const shortcut = shortcutOf(event, placeOf(event.target));
    if (shortcut === undefined || (event.repeat && shortcut === "predict")) return;
    event.preventDefault();
    act(shortcut, event.timeStamp);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

function placeOf(target: EventTarget | null): KeyPlace {
  if (!(target instanceof Element)) return "page";
  return target.matches(FIELDS) ? "field" : target.matches(CONTROLS) ? "control" : "page";
}
