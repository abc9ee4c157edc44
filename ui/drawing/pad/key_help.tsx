import type { ComponentChildren } from "preact";

const ROWS: readonly { keys: ComponentChildren; does: string }[] = [
  { keys: <kbd>Enter</kbd>, does: "predict" },
  { keys: <kbd>Delete</kbd>, does: "clear the paper" },
  {
    keys: (
      <>
        <kbd>Ctrl</kbd> + <kbd>Z</kbd>
      </>
    ),
    does: "take back the last step",
  },
  {
    keys: (
      <>
        <kbd>Ctrl</kbd> + <kbd>Shift</kbd> + <kbd>Z</kbd>
      </>
    ),
    does: "do it again after all",
  },
];

const PAPER_ROWS: readonly { keys: ComponentChildren; does: string }[] = [
  {
    keys: (
      <>
        arrow keys, <kbd>Home</kbd>, <kbd>End</kbd>
      </>
    ),
    does: "move over the grid of 28 × 28 pixels",
  },
  { keys: <kbd>Space</kbd>, does: "ink; held down while moving, a stroke" },
  {
    keys: (
      <>
        <kbd>Shift</kbd> + arrow keys
      </>
    ),
    does: "a stroke",
  },
  { keys: <kbd>Delete</kbd>, does: "wipe the pixels under the brush" },
];

/** All that the keyboard can do here. */
export function KeyHelp() {
  return (
    <details class="keys">
      <summary>Keyboard shortcuts</summary>
      <p class="note">Anywhere on the page, except while you type in a field:</p>
      <KeyTable rows={ROWS} />
      <p class="note">On the paper (reach it with Tab):</p>
      <KeyTable rows={PAPER_ROWS} />
    </details>
  );
}

function KeyTable({ rows }: { rows: typeof ROWS }) {
  return (
    <dl>
      {rows.map(({ keys, does }) => (
        <div key={does}>
          <dt>{keys}</dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  );
}
