import assert from "node:assert/strict";
import { findJsonFault, splitArray } from "./json.ts";

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

Deno.test("the first fault of a text is found at its line and column", () => {
  const cases: [text: string, line: number, column: number, what: string][] = [
    ["", 1, 1, "the file ends too early"],
    ["[1,\n 2", 2, 3, "the file ends too early"],
    ["[1,\n }", 2, 2, 'unexpected "}"'],
    ["[NaN]", 1, 2, 'unexpected "N"'],
    ["[1] x", 1, 5, 'unexpected "x"'],
    ['{"a":\n\n [1, {"b" 2}]}', 3, 11, 'unexpected "2"'],
    ["{'a': 1}", 1, 2, `unexpected "'"`],
    ["[01]", 1, 3, 'unexpected "1"'],
    ['["ok", "line\nbreak"]', 1, 13, 'unexpected "\\n"'],
    ['["bad \\x"]', 1, 7, 'unexpected "\\\\"'],
    ["[1,]", 1, 4, 'unexpected "]"'],
  ];
  for (const [text, line, column, what] of cases) {
    assert.throws(() => JSON.parse(text));
    const fault = findJsonFault(text);
    assert.deepEqual({ text, ...fault, offset: 0 }, { text, line, column, what, offset: 0 });
  }
});

Deno.test("valid JSON has no fault before its end", () => {
  const text = ' {"a": [1, -2.5e+7, "\\u00e9\\n é", true, false, null, {}, []], "": 0} \n';
  JSON.parse(text);
  assert.equal(findJsonFault(text).offset, text.length);
});

Deno.test("a text that is cut off anywhere ends too early", () => {
  const text = '[{"a\\"\\u00e9": [true, false, null, -1.5e-3, "x y"], "b": {}}, 12]';
  JSON.parse(text);
  for (let size = 0; size < text.length; size++) {
    const { offset, what } = findJsonFault(text.slice(0, size));
    assert.deepEqual([offset, what], [size, "the file ends too early"], text.slice(0, size));
  }
});
