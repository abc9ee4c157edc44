import assert from "node:assert/strict";
import { splitArray } from "./json_array.ts";

Deno.test("an array is split into the texts of its elements, whatever they contain", () => {
  const elements = [
    "1.0",
    "-1e-7",
    "null",
    '"a, [b] \\" {c \\\\"',
    "{}",
    "[]",
    '{"a": [1, {"b": "]}"}], "c\\\\": "\\""}',
    '{\n  "d": 1\n}',
  ];
  assert.deepEqual(splitArray(`[${elements.join(",")}]`), elements);
  assert.deepEqual(splitArray(` \r\n[\t${elements.join(" ,\n ")} ] \n`), elements);
  assert.deepEqual(splitArray("[]"), []);
  assert.deepEqual(splitArray(" [ ] "), []);
});

Deno.test("known elements are found in any order and among others, but not if an element only begins like one", () => {
  const known = ["1", '{"a": 1}', "2", '"x"', "[]"];
  const texts = [
    '[1, {"a": 1}, 2, "x", []]',
    '[{"a": 1}, 2, "y", [], 1]',
    '[12, {"a": 1}, {"b": 2}, 2.5, "x", [3]]',
    "[1, 1, 2]",
    "[[], 2, 1]",
  ];
  for (const text of texts) assert.deepEqual(splitArray(text, known), splitArray(text), text);
});

/** Whether the text splits into JSON elements, as the metadata requires. */
function isArrayByParts(text: string, known?: string[]): boolean {
  try {
    return splitArray(text, known)?.every((element) => (JSON.parse(element), true)) ?? false;
  } catch {
    return false;
  }
}

function isArray(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

Deno.test("a text splits into JSON elements exactly when JSON.parse accepts it, with any character cut, removed or inserted", () => {
  const text = '[ {"a": [1, "x\\"y\\\\"], "b": {}}, "s,]", [ ], -1.5e3 ,null ]\n';
  const known = splitArray(text)!;
  for (let at = 0; at <= text.length; at++) {
    const variants = [text.slice(0, at), text.slice(0, at) + text.slice(at + 1)];
    for (const put of '[]{}",:\\ 0x\u00a0') variants.push(text.slice(0, at) + put + text.slice(at));
    for (const variant of variants) {
      assert.equal(isArrayByParts(variant), isArray(variant), variant);
      assert.equal(isArrayByParts(variant, known), isArray(variant), variant);
    }
  }
});
