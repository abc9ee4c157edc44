import assert from "node:assert/strict";
import { findJsonFault } from "./json_fault.ts";

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
