import assert from "node:assert/strict";
import { type KeyTarget, shortcutOf } from "./shortcuts.tsx";

function meaning(keys: string, target: KeyTarget = "page") {
  const [key, ...held] = keys.split("+").toReversed();
  const chord = {
    key,
    ctrlKey: held.includes("Ctrl"),
    metaKey: held.includes("Meta"),
    altKey: held.includes("Alt"),
    shiftKey: held.includes("Shift"),
  };
  return shortcutOf(chord, target);
}

Deno.test("Enter, Delete, undo and redo work anywhere on the page", () => {
  assert.equal(meaning("Enter"), "predict");
  assert.equal(meaning("Delete"), "clear");
  assert.equal(meaning("Shift+Delete"), "clear");
  assert.equal(meaning("Ctrl+z"), "undo");
  assert.equal(meaning("Meta+z"), "undo");
  assert.equal(meaning("Ctrl+Shift+Z"), "redo");
  assert.equal(meaning("Ctrl+y"), "redo");
  for (const other of ["a", "Backspace", "Ctrl+Enter", "Alt+Enter", "z", "Ctrl+Alt+z"]) {
    assert.equal(meaning(other), undefined, other);
  }
});

Deno.test("while you type in a field, keys are left to it, and Enter is left to buttons", () => {
  for (const keys of ["Enter", "Delete", "Ctrl+z", "Ctrl+y"]) assert.equal(meaning(keys, "field"), undefined);
  assert.equal(meaning("Enter", "control"), undefined);
  assert.equal(meaning("Ctrl+z", "control"), "undo");
  assert.equal(meaning("Delete", "control"), "clear");
});
