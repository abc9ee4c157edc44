import assert from "node:assert/strict";
import { inWords } from "./document.ts";

Deno.test("the description of a schema says what a value must be", () => {
  const cases: [Parameters<typeof inWords>[0], string][] = [
    [{ $ref: "#/components/schemas/TrainConfig" }, "TrainConfig"],
    [{ const: "abort" }, '"abort"'],
    [{ enum: ["Adam", "SGD"] }, '"Adam" | "SGD"'],
    [{ type: "integer", minimum: 1, maximum: 200 }, "whole number, from 1 to 200"],
    [{ type: "number", exclusiveMinimum: 0, maximum: 1 }, "number, above 0 to 1"],
    [{ type: "array", items: { type: "integer" }, maxItems: 8 }, "list of whole number, at most 8 items"],
    [{ anyOf: [{ type: "number" }, { type: "null" }] }, "number | null"],
    [{ type: "array", prefixItems: [{ type: "number" }, { type: "string" }] }, "[number, string]"],
    [{}, "any"],
  ];
  for (const [schema, words] of cases) assert.equal(inWords(schema), words);
});
