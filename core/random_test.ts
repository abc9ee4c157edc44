import assert from "node:assert/strict";
import { permutation, threefry, uniform } from "./random.ts";

Deno.test("threefry matches Random123's known answers for 20 rounds", () => {
  const hex = (words: number[]) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");
  assert.equal(hex(threefry(0, 0, 0, 0)), "6b200159 99ba4efe");
  assert.equal(hex(threefry(-1, -1, -1, -1)), "1cb996fc bb002be7");
  assert.equal(hex(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)), "c4923a9c 483df7a0");
});

Deno.test("a permutation contains every number once and changes with seed and epoch", () => {
  const order = permutation(1, 0, 0, 1000);
  assert.deepEqual([...order].sort((a, b) => a - b), [...Array(1000).keys()]);
  assert.deepEqual(permutation(1, 0, 0, 1000), order);
  assert.notDeepEqual(permutation(1, 0, 1, 1000), order);
  assert.notDeepEqual(permutation(2, 0, 0, 1000), order);
});

Deno.test("uniform numbers stay within their bound and have a mean of about 0", () => {
  const values = uniform(9, 1, 10_001, 0.5);
  assert.ok(values.every((x) => x >= -0.5 && x <= 0.5));
  assert.ok(Math.abs(values.reduce((a, b) => a + b) / values.length) < 0.01);
});
