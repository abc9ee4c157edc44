import assert from "node:assert/strict";
import { ProtobufWriter } from "./messages.ts";

Deno.test("integers, text, bytes and messages are encoded as in the protocol buffers guide", () => {
  // The examples of https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2, and a message.
  const inner = new ProtobufWriter().integer(1, 150);
  assert.deepEqual([...inner.finish()], [0x08, 0x96, 0x01]);
  assert.deepEqual(
    [...new ProtobufWriter().text(2, "testing").finish()],
    [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
  );
  assert.deepEqual([...new ProtobufWriter().message(3, inner).finish()], [0x1a, 0x03, 0x08, 0x96, 0x01]);
  assert.deepEqual([...new ProtobufWriter().bytes(16, Uint8Array.of(7)).finish()], [0x82, 0x01, 0x01, 0x07]);
});

Deno.test("an integer keeps all its 53 bits; other numbers are refused", () => {
  const bytes = new ProtobufWriter().integer(1, Number.MAX_SAFE_INTEGER).finish().subarray(1);
  const value = [...bytes].reduceRight((sum, byte) => sum * 128n + BigInt(byte & 0x7f), 0n);
  assert.equal(value, BigInt(Number.MAX_SAFE_INTEGER));
  assert.deepEqual([...new ProtobufWriter().integer(1, 0).finish()], [0x08, 0x00]);
  for (const wrong of [-1, 0.5, 2 ** 53]) assert.throws(() => new ProtobufWriter().integer(1, wrong), RangeError);
});
