import type { ComponentChildren } from "preact";

/** What a key does anywhere on the drawing page. */
export type Shortcut = "predict" | "clear" | "undo" | "redo";

/** A key and the modifiers held with it; the browser's `KeyboardEvent` is one. */
export interface KeyChord {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** What has the focus: a `field` takes text or choices, and a `control` handles Enter itself. */
export type KeyTarget = "field" | "control" | "page";

/** What a chord means while `target` has the focus; undefined if it is left to the browser. */
export function shortcutOf(chord: KeyChord, target: KeyTarget): Shortcut | undefined {
  if (target === "field" || chord.altKey) return undefined;
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
  if (chord.key === "Enter" && target === "page" && !chord.shiftKey) return "predict";
}

const FIELDS = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])";
const CONTROLS = "a, button, summary, dialog *";

/**
 * Calls `act` for each shortcut, with the time of its event, unless something else handled the key. Returns a function
 * that stops listening.
 */
export function listenForShortcuts(act: (shortcut: Shortcut, at: number) => void): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const shortcut = shortcutOf(event, targetOf(event.target));
    if (shortcut === undefined || (event.repeat && shortcut === "predict")) return;
    event.preventDefault();
    act(shortcut, event.timeStamp);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

function targetOf(element: EventTarget | null): KeyTarget {
  if (!(element instanceof Element)) return "page";
  return element.matches(FIELDS) ? "field" : element.matches(CONTROLS) ? "control" : "page";
}

type Rows = readonly { keys: ComponentChildren; action: string }[];

const PAGE_ROWS: Rows = [
  { keys: <kbd>Enter</kbd>, action: "predict" },
  { keys: <kbd>Delete</kbd>, action: "clear the paper" },
  {
    keys: (
      <>
        <kbd>Ctrl</kbd> + <kbd>Z</kbd>
      </>
    ),
    action: "undo",
  },
  {
    keys: (
      <>
        <kbd>Ctrl</kbd> + <kbd>Shift</kbd> + <kbd>Z</kbd>
      </>
    ),
    action: "redo",
  },
];

const PAPER_ROWS: Rows = [
  {
    keys: (
      <>
        arrow keys, <kbd>Home</kbd>, <kbd>End</kbd>
      </>
    ),
    action: "move over the grid of 28 × 28 pixels",
  },
  { keys: <kbd>Space</kbd>, action: "ink the pixels under the brush; hold it and move to draw" },
  {
    keys: (
      <>
        <kbd>Shift</kbd> + arrow keys
      </>
    ),
    action: "draw a line",
  },
  { keys: <kbd>Delete</kbd>, action: "erase the pixels under the brush" },
];

/** Lists everything that the keyboard can do on the drawing page. */
export function ShortcutHelp() {
  return (
    <details class="keys">
      <summary>Keyboard shortcuts</summary>
      <p class="note">Anywhere on the page, except while you type in a field:</p>
      <KeyTable rows={PAGE_ROWS} />
      <p class="note">On the paper (press Tab to reach it):</p>
      <KeyTable rows={PAPER_ROWS} />
    </details>
  );
}

function KeyTable({ rows }: { rows: Rows }) {
  return (
    <dl>
      {rows.map(({ keys, action }) => (
        <div key={action}>
          <dt>{keys}</dt>
          <dd>{action}</dd>
        </div>
      ))}
    </dl>
  );
}
