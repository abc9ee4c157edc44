import assert from "node:assert/strict";
import { importCycles } from "./import_cycles.ts";

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

Deno.test("files that share imports make no cycle", () => {
  assert.deepEqual(importCycles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })), []);
});

Deno.test("a cycle is told once, by its shortest path", () => {
  const cycles = importCycles(graph({ a: ["b"], b: ["c"], c: ["a", "b"], x: ["a", "missing"] }));
  assert.deepEqual(cycles, [["a", "b", "c", "a"]]);
});

Deno.test("a file that imports itself is a cycle, and so are two apart", () => {
  assert.deepEqual(importCycles(graph({ a: ["a"], b: ["c"], c: ["b"] })), [["a", "a"], ["b", "c", "b"]]);
});
