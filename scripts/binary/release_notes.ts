/**
 * Prints the changelog's section on a version, for its release.
 *
 * Usage: deno run --allow-read scripts/binary/release_notes.ts VERSION
 */
import { join } from "node:path";
import { PROJECT_DIR } from "../lib/source_files.ts";

/** The text below the heading of `version`, up to the next heading. Throws if the version has no section. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split("\n", 1)[0].trim().split(/\s/)[0] === version);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## ${version}"`);
  return section.slice(section.indexOf("\n") + 1).trim();
}

if (import.meta.main) {
  console.log(notesOf(await Deno.readTextFile(join(PROJECT_DIR, "CHANGELOG.md")), Deno.args[0]));
}
