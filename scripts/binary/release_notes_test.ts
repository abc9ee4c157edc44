import assert from "node:assert/strict";
import { notesOf } from "./release_notes.ts";

const CHANGELOG = "# Changelog\n\n## Unreleased\n\nNew.\n\n## 1.1.0 (2026-12-01)\n\n- A\n- B\n\n## 1.1\n\nOld.\n";

Deno.test("a release's notes are the text of its own section", () => {
  assert.equal(notesOf(CHANGELOG, "1.1.0"), "- A\n- B");
  assert.equal(notesOf(CHANGELOG, "1.1"), "Old.");
  assert.throws(() => notesOf(CHANGELOG, "1.2.0"), /no section "## 1\.2\.0"/);
});
