import assert from "node:assert/strict";
import { blocksOf, inlineCommandsOf } from "./read_docs.ts";

const TEXT = [
  "Type `deno task dev`, or",
  "",
  "```sh",
  "A=1 \\",
  "  deno task dev",
  "```",
  "",
  "1. In a list:",
  "",
  "   ```js",
  "   run(`deno check`);",
  "   ```",
  "",
  "```ts",
  "const a = 1;",
  "```",
  "",
  "and `npx --yes deno@1.2.3 run -A",
  "x.ts`, not `denote`.",
].join("\n");

Deno.test("blocks of the given languages are found, as a reader would type them", () => {
  assert.deepEqual(blocksOf("a.md", TEXT, ["sh", "js"]), [
    { file: "a.md", language: "sh", text: "A=1 \\\n  deno task dev" },
    { file: "a.md", language: "js", text: "run(`deno check`);" },
  ]);
});

Deno.test("commands in sentences are found, even across lines, and commands in blocks are not", () => {
  const texts = inlineCommandsOf("a.md", TEXT).map(({ text }) => text);
  assert.deepEqual(texts, ["deno task dev", "npx --yes deno@1.2.3 run -A x.ts"]);
});
