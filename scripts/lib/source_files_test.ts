import assert from "node:assert/strict";
import { importCycles, sourceImports } from "./source_files.ts";

/** `line kind specifier` of each import in the given lines of source. */
function imports(...lines: string[]): string[] {
  return sourceImports(lines.join("\n")).map(({ kind, specifier, line }) => `${line} ${kind} ${specifier}`);
}

Deno.test("every form of import is found, with its line", () => {
  const found = imports(
    `/** Header. */`,
    `import assert from "node:assert/strict";`,
    `import * as v from 'valibot';`,
    `import {`,
    `  a,`,
    `  type B,`,
    `} from "./a.ts";`,
    `import "./polyfill.ts";`,
    `export * from "./b.ts";`,
    `export { c } from "../c.ts";`,
    `const d = await import` + `("./d.ts");`,
    `const worker = new Worker(new` + ` URL("./worker.ts", import.meta.url), { type: "module" });`,
    `import text from "./style.css" with { type: "text" };`,
  );
  assert.deepEqual(found, [
    "2 value node:assert/strict",
    "3 value valibot",
    "7 value ./a.ts",
    "8 value ./polyfill.ts",
    "9 value ./b.ts",
    "10 value ../c.ts",
    "11 value ./d.ts",
    "12 worker ./worker.ts",
    "13 value ./style.css",
  ]);
});

Deno.test("imports of types alone are distinguished from imports of values", () => {
  const found = imports(
    `import type { A } from "./a.ts";`,
    `import { type B, type C } from "./b.ts";`,
    `import { type D, e } from "./d.ts";`,
    `export type { F } from "./f.ts";`,
    `import type from "./g.ts";`,
    `import h, { type I } from "./h.ts";`,
  );
  assert.deepEqual(found.map((line) => line.slice(2)), [
    "type ./a.ts",
    "type ./b.ts",
    "value ./d.ts",
    "type ./f.ts",
    "value ./g.ts",
    "value ./h.ts",
  ]);
});

Deno.test("comments, strings and declarations are not imports", () => {
  const found = imports(
    `/**`,
    ` * import { a } from "./a.ts";`,
    ` */`,
    `// import { b } from "./b.ts";`,
    `export interface C { kind: "from"; url: "https://example.com/*" }`,
    `export const from = "./d.ts"; /* import "./e.ts"; */`,
    `const text = 'import { f } from "./f.ts"';`,
    `import { g } from "./g.ts";`,
  );
  assert.deepEqual(found, ["8 value ./g.ts"]);
});

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

Deno.test("files that share imports make no cycle", () => {
  assert.deepEqual(importCycles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })), []);
});

Deno.test("a cycle is reported once, by its shortest path", () => {
  const cycles = importCycles(graph({ a: ["b"], b: ["c"], c: ["a", "b"], x: ["a", "missing"] }));
  assert.deepEqual(cycles, [["a", "b", "c", "a"]]);
});

Deno.test("a file that imports itself is a cycle, and separate cycles are all found", () => {
  assert.deepEqual(importCycles(graph({ a: ["a"], b: ["c"], c: ["b"] })), [["a", "a"], ["b", "c", "b"]]);
});
