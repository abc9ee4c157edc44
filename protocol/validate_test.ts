import assert from "node:assert/strict";
import { parseJson } from "./validate.ts";

function refused(text: string): string {
  try {
    parseJson(text, "the body");
  } catch (error) {
    return (error as Error).message;
  }
  assert.fail("this text should be refused");
}

Deno.test("valid JSON is parsed as by JSON.parse, whatever its strings contain", () => {
  const values = [null, 0, "[[[{,,,", { a: ['\\"[', "\\", '"', { b: [] }] }, "{".repeat(100), {
    ["[".repeat(50)]: "\\\\",
  }];
  for (const value of values) assert.deepEqual(parseJson(JSON.stringify(value), "the body"), value);
});

Deno.test("JSON that is nested too deeply or has too many values is refused before it is parsed", () => {
  const start = performance.now();
  for (const nest of ["[".repeat(10_000_000), '{"a":'.repeat(1_000_000), `{"a":"x",${'"b":['.repeat(40)}`]) {
    assert.match(refused(nest), /the body is nested too deeply: at most 32 levels/);
  }
  assert.match(refused(`[${"1,".repeat(5_000_000)}1]`), /too many values: at most 10000/);
  assert.match(refused(`[${"{},".repeat(1_000_000)}1]`), /too many values/);
  assert.ok(performance.now() - start < 500);
});

Deno.test("invalid JSON is reported as such", () => {
  for (const text of ["", "{", '"', '"\\"', "nul", "]", "{'a':1}", "\0"]) {
    assert.equal(refused(text), "the body is not valid JSON");
  }
});
