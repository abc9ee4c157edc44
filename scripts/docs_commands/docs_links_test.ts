import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { SETTING_NAMES } from "../../service/process/settings.ts";
import { PROJECT_DIR } from "../lib/source_files.ts";
import { readDocs } from "./read_docs.ts";

const docs = await readDocs();

Deno.test("links and pictures in the documents point to existing files", async () => {
  let count = 0;
  for (const [file, text] of docs) {
    for (const [, link, source] of text.matchAll(/\]\(([^)]+)\)|src(?:set)?="([^"]+)"/g)) {
      const target = (link ?? source).split("#")[0];
      if (target === "" || /^https?:/.test(target)) continue;
      count++;
      const path = join(PROJECT_DIR, dirname(file), target);
      assert.ok(await Deno.stat(path).then(() => true, () => false), `${file}: ${target} does not exist`);
    }
  }
  assert.ok(count > 15, `only ${count} links were found`);
});

Deno.test("the configuration table names every environment variable", () => {
  for (const name of SETTING_NAMES) {
    assert.match(docs.get("docs/configuration.md")!, new RegExp(`^\\|.*\`${name}\``, "m"));
  }
});
