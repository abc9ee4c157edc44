import type { ComponentChildren } from "preact";

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
