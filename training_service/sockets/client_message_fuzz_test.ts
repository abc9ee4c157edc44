import fc from "fast-check";
import { fuzz } from "../../core/testing/fuzz.ts";
import { ValidationError } from "../../protocol/mod.ts";
import { CONFIG } from "../testing/fakes.ts";
import { parseClientMessage, parseRequest } from "./client_messages.ts";

const junk = fc.jsonValue({ maxDepth: 2 });
const field = fc.constantFrom(
  ...Object.keys(CONFIG),
  "seed",
  "device",
  "start_from",
  "resume",
  "type",
  "value",
  "__proto__",
);
const message = fc.oneof(
  fc.tuple(field, junk).map(([name, value]) => JSON.stringify({ ...CONFIG, [name]: value })),
  fc.dictionary(field, junk).map((value) => JSON.stringify(value)),
  fc.record({ type: fc.oneof(fc.constantFrom("abort", "overwrite"), junk), value: junk })
    .map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0 1e-') }),
  fc.uint8Array(),
);

Deno.test("any first message is a request or is refused with a message", async () => {
  await fuzz(message, parseRequest, ValidationError);
});

Deno.test("any message during a run is understood or refused with a message", async () => {
  await fuzz(message, parseClientMessage, ValidationError);
});
